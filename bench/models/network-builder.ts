/** Puts a convolutional network together layer by layer, with random weights under which signals neither grow nor fade. */
import { seededRandom } from '../support/random.ts';
import { type Attributes, encodeOnnx, type OnnxNode, type OnnxWeights } from './onnx-file.ts';

/** What a layer gives to the next. */
export interface Signal {
  readonly name: string;
  readonly channels: number;
}

export interface Convolution {
  readonly channels: number;
  readonly kernel: number;
  readonly stride?: number;
  readonly padding?: number;
}

export interface Pooling {
  readonly kernel: number;
  readonly stride: number;
  readonly padding?: number;
}

/** A network's bytes, and the parameters that training would set: running means and variances are none. */
export interface MadeNetwork {
  readonly bytes: Uint8Array;
  readonly parameters: number;
}

export class NetworkBuilder {
  readonly input: Signal;
  readonly #imageSize: number;
  readonly #random: () => number;
  readonly #nodes: OnnxNode[] = [];
  readonly #weights: OnnxWeights[] = [];
  #parameters = 0;

  /** Takes images as `data`: FP32 [N, 3, imageSize, imageSize]. */
  constructor(imageSize: number, seed: number) {
    this.#imageSize = imageSize;
    this.#random = seededRandom(seed);
    this.input = { name: 'data', channels: 3 };
  }

  /**
   * Without a bias, as what follows is a batch normalization. Weights are uniform with variance 2 / fan-in, which keeps the
   * variance through layers with ReLU (K. He et al., "Delving Deep into Rectifiers", 2015, eq. 10).
   */
  convolution(from: Signal, { channels, kernel, stride = 1, padding = 0 }: Convolution): Signal {
    const fanIn = from.channels * kernel * kernel;
    const weight = this.#trained([channels, from.channels, kernel, kernel], Math.sqrt(6 / fanIn));
    return this.#add('Conv', [from.name, weight], channels, {
      ...{ kernel_shape: [kernel, kernel], strides: [stride, stride] },
      pads: [padding, padding, padding, padding],
    });
  }

  /** As before training: scale 1, shift 0, of mean 0 and variance 1. */
  batchNormalization(from: Signal): Signal {
    const all = (value: number) => this.#constant([from.channels], value);
    const inputs = [from.name, all(1), all(0), all(0), all(1)];
    this.#parameters += 2 * from.channels;
    return this.#add('BatchNormalization', inputs, from.channels);
  }

  relu(from: Signal): Signal {
    return this.#add('Relu', [from.name], from.channels);
  }

  sum(one: Signal, other: Signal): Signal {
    return this.#add('Add', [one.name, other.name], one.channels);
  }

  /** Channels behind each other. */
  concatenation(signals: readonly Signal[]): Signal {
    const channels = signals.reduce((sum, signal) => sum + signal.channels, 0);
    return this.#add(
      'Concat',
      signals.map(({ name }) => name),
      channels,
      { axis: 1 },
    );
  }

  maxPooling(from: Signal, pooling: Pooling): Signal {
    return this.#pooling('MaxPool', from, pooling);
  }

  averagePooling(from: Signal, pooling: Pooling): Signal {
    return this.#pooling('AveragePool', from, pooling);
  }

  /** Ends the network: the mean of each channel, and a linear layer with a bias to `classes` outputs, FP32 [N, classes]. */
  classify(name: string, from: Signal, classes: number): MadeNetwork {
    const pooled = this.#add('GlobalAveragePool', [from.name], from.channels);
    const features = this.#add('Flatten', [pooled.name], from.channels, { axis: 1 });
    const weight = this.#trained([classes, from.channels], Math.sqrt(3 / from.channels));
    const bias = this.#constant([classes], 0);
    this.#parameters += classes;
    const inputs = [features.name, weight, bias];
    this.#nodes.push({ operator: 'Gemm', inputs, output: 'logits', attributes: { transB: 1 } });
    return {
      bytes: encodeOnnx({
        name,
        input: { name: this.input.name, shape: ['N', this.input.channels, this.#imageSize, this.#imageSize] },
        output: { name: 'logits', shape: ['N', classes] },
        nodes: this.#nodes,
        weights: this.#weights,
      }),
      parameters: this.#parameters,
    };
  }

  #pooling(operator: string, from: Signal, { kernel, stride, padding = 0 }: Pooling): Signal {
    return this.#add(operator, [from.name], from.channels, {
      ...{ kernel_shape: [kernel, kernel], strides: [stride, stride] },
      pads: [padding, padding, padding, padding],
    });
  }

  #add(operator: string, inputs: readonly string[], channels: number, attributes: Attributes = {}): Signal {
    const output = `${operator.toLowerCase()}_${this.#nodes.length}`;
    this.#nodes.push({ operator, inputs, output, attributes });
    return { name: output, channels };
  }

  #trained(shape: readonly number[], bound: number): string {
    const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
    for (let index = 0; index < data.length; index++) data[index] = (2 * this.#random() - 1) * bound;
    this.#parameters += data.length;
    return this.#store(shape, data);
  }

  #constant(shape: readonly number[], value: number): string {
    return this.#store(
      shape,
      new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(value),
    );
  }

  #store(shape: readonly number[], data: Float32Array): string {
    const name = `weights_${this.#weights.length}`;
    this.#weights.push({ name, shape, data });
    return name;
  }
}
