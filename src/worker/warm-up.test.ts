/** What is measured of a freshly loaded model. */
import { describe, expect, it } from 'vitest';
import type { ModelSignature, Tensor } from '../oip/tensor.ts';
import type { InferenceSession } from './inference-session.ts';
import { batchGain } from './warm-up.ts';

const SIGNATURE: ModelSignature = {
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, 3] }],
  outputs: [{ name: 'y', datatype: 'FP32', shape: [-1, 3] }],
  batchable: true,
};

/** A session whose runs take what is said of them, by a clock of their own. */
function timed(runMs: (rows: number, run: number) => number) {
  let now = 0;
  const runs: number[] = [];
  const session: InferenceSession = {
    inputs: SIGNATURE.inputs,
    outputs: SIGNATURE.outputs,
    async run(inputs) {
      const rows = (inputs[0] as Tensor).shape[0] as number;
      runs.push(rows);
      now += runMs(rows, runs.length - 1);
      return inputs;
    },
    async close() {},
  };
  const gain = (rowMs: number, maxBatchRows = 64) =>
    batchGain(session, SIGNATURE, maxBatchRows, rowMs, () => now);
  return { gain, runs };
}

describe('batchGain', () => {
  it('is the rows of a batch, or 1, where time depends on runs, or on rows alone', async () => {
    expect(await timed(() => 2).gain(2)).toBeCloseTo(8);
    expect(await timed((rows) => 2 * rows).gain(2)).toBeCloseTo(1);
  });

  it('goes by the quickest of several runs, as a first one is slower', async () => {
    const { gain, runs } = timed((_, run) => (run === 0 ? 30 : 2));
    expect(await gain(1)).toBeCloseTo(4);
    expect(runs).toEqual([8, 8, 8, 8, 8]);
  });

  it('makes no larger batch than the model takes', async () => {
    const { gain, runs } = timed(() => 2);
    expect(await gain(2, 3)).toBeCloseTo(3);
    expect(new Set(runs)).toEqual(new Set([3]));
  });

  it('costs few rows and one run where a row takes long', async () => {
    const { gain, runs } = timed((rows) => 90 * rows);
    expect(await gain(90)).toBeCloseTo(1);
    const longer = timed((rows) => 3_000 * rows);
    expect(await longer.gain(3_000)).toBeCloseTo(1);
    expect([runs, longer.runs]).toEqual([[2, 2], [2]]);
  });

  it('is not known where the model refuses the batch', async () => {
    const refusing = timed(() => {
      throw new Error('no');
    });
    expect(await refusing.gain(1)).toBeUndefined();
  });
});
