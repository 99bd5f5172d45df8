/** How the parts of the cores are called, in the order in which they are shown. */
import type { CoreShares } from './figures.ts';

export const SHARE_NAMES: Readonly<Record<keyof CoreShares, string>> = {
  limit_inference: "inference at the limit's pace",
  smaller_batches: 'its batches being smaller',
  decode: 'decoding',
  encode: 'encoding',
  workers_rest: 'rest of the workers',
  gateway: 'gateway',
  load_generator: 'load generator',
  others: 'other programs',
  idle: 'idle',
};

export const SHARES = Object.keys(SHARE_NAMES) as readonly (keyof CoreShares)[];
