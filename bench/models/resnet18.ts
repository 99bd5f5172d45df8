/** ResNet-18 as torchvision has it (K. He et al., "Deep Residual Learning for Image Recognition", 2015, table 1). */
import { type MadeNetwork, NetworkBuilder, type Signal } from './network-builder.ts';

/** Channels and first stride of each stage of two blocks. */
const STAGES = [
  [64, 1],
  [128, 2],
  [256, 2],
  [512, 2],
] as const;
const CLASSES = 1000;

export function makeResnet18(imageSize: number, seed: number): MadeNetwork {
  const network = new NetworkBuilder(imageSize, seed);
  const stem = network.convolution(network.input, { channels: 64, kernel: 7, stride: 2, padding: 3 });
  let signal = network.relu(network.batchNormalization(stem));
  signal = network.maxPooling(signal, { kernel: 3, stride: 2, padding: 1 });
  for (const [channels, stride] of STAGES) {
    signal = basicBlock(network, signal, channels, stride);
    signal = basicBlock(network, signal, channels, 1);
  }
  return network.classify('resnet18', signal, CLASSES);
}

/** Two convolutions beside a way straight through, which is made to fit where the shape changes. */
function basicBlock(network: NetworkBuilder, from: Signal, channels: number, stride: number): Signal {
  const first = network.convolution(from, { channels, kernel: 3, stride, padding: 1 });
  const between = network.relu(network.batchNormalization(first));
  const second = network.convolution(between, { channels, kernel: 3, padding: 1 });
  const residual = network.batchNormalization(second);
  const fits = stride === 1 && from.channels === channels;
  const straight = fits
    ? from
    : network.batchNormalization(network.convolution(from, { channels, kernel: 1, stride }));
  return network.relu(network.sum(residual, straight));
}
