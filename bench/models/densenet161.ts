/** DenseNet-161 as torchvision has it (G. Huang et al., "Densely Connected Convolutional Networks", 2017, table 1, k = 48). */
import { type MadeNetwork, NetworkBuilder, type Signal } from './network-builder.ts';

const GROWTH = 48;
const STEM_CHANNELS = 96;
/** Dense layers of each block. */
const BLOCKS = [6, 12, 36, 24] as const;
/** A layer first narrows what it sees to this many times the growth. */
const BOTTLENECK = 4;
const CLASSES = 1000;

export function makeDensenet161(imageSize: number, seed: number): MadeNetwork {
  const network = new NetworkBuilder(imageSize, seed);
  const stem = network.convolution(network.input, {
    ...{ channels: STEM_CHANNELS, kernel: 7, stride: 2, padding: 3 },
  });
  let signal = network.relu(network.batchNormalization(stem));
  signal = network.maxPooling(signal, { kernel: 3, stride: 2, padding: 1 });
  for (const [index, layers] of BLOCKS.entries()) {
    signal = denseBlock(network, signal, layers);
    if (index < BLOCKS.length - 1) signal = transition(network, signal);
  }
  const last = network.relu(network.batchNormalization(signal));
  return network.classify('densenet161', last, CLASSES);
}

/** Each layer sees the channels of all before it. */
function denseBlock(network: NetworkBuilder, from: Signal, layers: number): Signal {
  const seen = [from];
  for (let layer = 0; layer < layers; layer++) {
    const all = seen.length === 1 ? from : network.concatenation(seen);
    const narrow = network.convolution(activated(network, all), {
      ...{ channels: BOTTLENECK * GROWTH, kernel: 1 },
    });
    seen.push(network.convolution(activated(network, narrow), { channels: GROWTH, kernel: 3, padding: 1 }));
  }
  return network.concatenation(seen);
}

/** Halves channels, height and width. */
function transition(network: NetworkBuilder, from: Signal): Signal {
  const halved = network.convolution(activated(network, from), { channels: from.channels / 2, kernel: 1 });
  return network.averagePooling(halved, { kernel: 2, stride: 2 });
}

function activated(network: NetworkBuilder, from: Signal): Signal {
  return network.relu(network.batchNormalization(from));
}
