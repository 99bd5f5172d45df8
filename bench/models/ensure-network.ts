/** Networks with random weights, which run as fast as trained ones: made when first needed and kept in the user's cache. */
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { benchmarkCache } from '../support/python-environment.ts';
import { makeDensenet161 } from './densenet161.ts';
import type { MadeNetwork } from './network-builder.ts';
import { makeResnet18 } from './resnet18.ts';

/** Raised when the networks come to be made otherwise. */
const EDITION = 1;
const SEED = 18_161;

interface Network {
  readonly title: string;
  /** As torchvision counts them: another number is another network. */
  readonly parameters: number;
  readonly make: (imageSize: number, seed: number) => MadeNetwork;
}

export const NETWORKS = {
  resnet18: { title: 'ResNet-18', parameters: 11_689_512, make: makeResnet18 },
  densenet161: { title: 'DenseNet-161', parameters: 28_681_000, make: makeDensenet161 },
} as const satisfies Readonly<Record<string, Network>>;

export type NetworkName = keyof typeof NETWORKS;
export const NETWORK_NAMES = Object.keys(NETWORKS) as readonly NetworkName[];

/**
 * Images of `imageSize` x `imageSize` as `data`, FP32 [N, 3, imageSize, imageSize]; 1000 classes out.
 * @returns the model repository that it is in, for models of that size
 */
export function ensureNetwork(name: NetworkName, imageSize: number, say: (line: string) => void): string {
  const repository = join(benchmarkCache(), `networks-${EDITION}`, `${imageSize}x${imageSize}`);
  const file = networkFile(repository, name);
  if (existsSync(file)) return repository;
  const { title, parameters, make }: Network = NETWORKS[name];
  say(`making ${title} for images of ${imageSize} x ${imageSize}, once`);
  const made = make(imageSize, SEED);
  if (made.parameters !== parameters)
    throw new Error(`${title} has ${parameters} parameters, what was made ${made.parameters}`);
  mkdirSync(dirname(file), { recursive: true });
  // Renamed when whole: a run that is broken off leaves no half of a model.
  const unfinished = `${file}.${process.pid}`;
  writeFileSync(unfinished, made.bytes);
  renameSync(unfinished, file);
  return repository;
}

function networkFile(repository: string, name: NetworkName): string {
  return join(repository, name, '1', 'model.onnx');
}
