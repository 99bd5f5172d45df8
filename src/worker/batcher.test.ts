/** Batching: work-conserving, fair to small requests, and a bad request fails alone. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ModelSignature, Tensor } from '../oip/tensor.ts';
import type { BatchJob, RunTiming } from './batch-job.ts';
import { Batcher } from './batcher.ts';
import type { InferenceSession } from './inference-session.ts';

const SIGNATURE: ModelSignature = {
  inputs: [{ name: 'x', datatype: 'FP32', shape: [-1, -1] }],
  outputs: [
    { name: 'double', datatype: 'FP32', shape: [-1, -1] },
    { name: 'sum', datatype: 'FP32', shape: [-1] },
  ],
  batchable: true,
};

/** Doubles and sums each row; fails for a batch with a negative number. Runs end when the test says so. */
class FakeSession implements InferenceSession {
  readonly inputs = SIGNATURE.inputs;
  readonly outputs = SIGNATURE.outputs;
  readonly runs: { rows: number; outputs: readonly number[] }[] = [];
  /** Lets a run of so many rows take its time. */
  onRun: (rows: number) => void = () => {};
  #release: (() => void)[] = [];
  #held = false;

  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    for (const release of this.#release.splice(0)) release();
  }

  async run([input]: readonly Tensor[], outputs: readonly number[]): Promise<readonly Tensor[]> {
    const { shape, data } = input as { shape: number[]; data: Float32Array };
    const [rows = 0, width = 0] = shape;
    this.runs.push({ rows, outputs });
    if (this.#held) await new Promise<void>((resolve) => this.#release.push(resolve));
    await Promise.resolve();
    this.onRun(rows);
    if (data.some((value) => value < 0)) throw new Error('negative');
    const sums = Float32Array.from({ length: rows }, (_, row) =>
      data.subarray(row * width, (row + 1) * width).reduce((sum, value) => sum + value, 0),
    );
    const all: Tensor[] = [
      { shape, data: data.map((value) => 2 * value) },
      { shape: [rows], data: sums },
    ];
    return outputs.map((index) => all[index] as Tensor);
  }

  async close(): Promise<void> {}
}

interface Result {
  outputs?: readonly Tensor[];
  timing?: RunTiming;
  failed?: string;
}

function setUp(options: { maxBatchRows?: number; maxDelayMs?: number; batchable?: boolean } = {}) {
  const session = new FakeSession();
  let now = 0;
  const batcher = new Batcher({
    session,
    signature: { ...SIGNATURE, batchable: options.batchable ?? true },
    maxBatchRows: options.maxBatchRows ?? 8,
    maxDelayMs: options.maxDelayMs ?? 0,
    now: () => now,
  });
  const submit = (rows: number[][], more: Partial<BatchJob> = {}): Promise<Result> =>
    new Promise((resolve) => {
      batcher.add({
        inputs: [{ shape: [rows.length, rows[0]?.length ?? 0], data: Float32Array.from(rows.flat()) }],
        rows: options.batchable === false ? 1 : rows.length,
        outputs: [0, 1],
        arrivedAt: now,
        deadline: Number.POSITIVE_INFINITY,
        isCancelled: () => false,
        onDone: (outputs, timing) => resolve({ outputs, timing }),
        onFailed: (reason) => resolve({ failed: reason }),
        ...more,
      });
    });
  return {
    session,
    batcher,
    submit,
    advance: (ms: number) => {
      now += ms;
    },
  };
}

const numbers = (tensor: Tensor | undefined) => Array.from((tensor?.data ?? []) as Float32Array);

describe('Batcher', () => {
  it('runs what came together in one run and gives each request its own rows', async () => {
    const { session, submit } = setUp();
    const results = await Promise.all([
      submit([[1, 2]]),
      submit([
        [3, 4],
        [5, 6],
      ]),
      submit([[7, 8]]),
    ]);
    expect(session.runs).toEqual([{ rows: 4, outputs: [0, 1] }]);
    expect(results.map(({ outputs }) => numbers(outputs?.[1]))).toEqual([[3], [7, 11], [15]]);
    expect(numbers(results[1]?.outputs?.[0])).toEqual([6, 8, 10, 12]);
    expect(results[0]?.timing?.batchRows).toBe(4);
  });

  it('does not wait for company when the session is free', async () => {
    const { session, submit } = setUp();
    await submit([[1]]);
    expect(session.runs).toHaveLength(1);
  });

  it('takes all that waited, up to the limit, the moment the session is free', async () => {
    const { session, submit } = setUp({ maxBatchRows: 4 });
    session.hold();
    const first = submit([[0]]);
    await Promise.resolve();
    const waiting = Array.from({ length: 6 }, (_, i) => submit([[i]]));
    session.release();
    await Promise.all([first, ...waiting]);
    expect(session.runs.map(({ rows }) => rows)).toEqual([1, 4, 2]);
  });

  it('runs requests of other shapes apart', async () => {
    const { session, submit } = setUp();
    const results = await Promise.all([submit([[1, 1]]), submit([[1, 1, 1]]), submit([[2, 2]])]);
    expect(session.runs.map(({ rows }) => rows)).toEqual([2, 1]);
    expect(results.map(({ outputs }) => numbers(outputs?.[1]))).toEqual([[2], [3], [4]]);
  });

  it('runs a request of more rows than a run takes in slices, and lets others pass between them', async () => {
    const { session, submit } = setUp({ maxBatchRows: 4 });
    const order: string[] = [];
    const many = Array.from({ length: 10 }, (_, i) => [i]);
    const large = submit(many).then((result) => {
      order.push('large');
      return result;
    });
    const small = submit([[100]]).then(() => order.push('small'));
    await Promise.all([large, small]);
    expect(order).toEqual(['small', 'large']);
    expect(numbers((await large).outputs?.[1])).toEqual(many.flat());
    expect(session.runs.map(({ rows }) => rows)).toEqual([4, 4, 3]);
  });

  it('lets a bad request fail alone', async () => {
    const { submit } = setUp();
    const results = await Promise.all([submit([[1]]), submit([[-1]]), submit([[3]])]);
    expect(results.map(({ outputs, failed }) => failed ?? numbers(outputs?.[1]))).toEqual([
      [1],
      'inference',
      [3],
    ]);
  });

  it('forgets the rest of a sliced request that failed', async () => {
    const { session, submit, batcher } = setUp({ maxBatchRows: 2 });
    expect(await submit([[1], [-1], [1], [1], [1], [1]])).toEqual({ failed: 'inference' });
    await submit([[1]]);
    expect(batcher.waiting).toBe(0);
    expect(session.runs).toHaveLength(2);
  });

  it('drops what nobody waits for, and what is too late, before it costs a run', async () => {
    const { session, submit, advance } = setUp();
    session.hold();
    const first = submit([[0]]);
    await Promise.resolve();
    let cancelled = false;
    void submit([[1]], { isCancelled: () => cancelled });
    const late = submit([[2]], { deadline: 5 });
    const kept = submit([[3]]);
    cancelled = true;
    advance(10);
    session.release();
    await Promise.all([first, kept]);
    expect(await late).toEqual({ failed: 'deadline' });
    expect(session.runs.map(({ rows }) => rows)).toEqual([1, 1]);
  });

  describe('with runs that take their time', () => {
    const setUpRuns = (runMs: (rows: number) => number, options: Parameters<typeof setUp>[0] = {}) => {
      const { advance, submit, ...rest } = setUp(options);
      let now = 0;
      const pass = (ms: number) => {
        now += ms;
        advance(ms);
      };
      rest.session.onRun = (rows) => pass(runMs(rows));
      const within = (ms: number, rows: number[][] = [[1]]) => submit(rows, { deadline: now + ms });
      const rowsOfRuns = () => rest.session.runs.map(({ rows }) => rows);
      return { ...rest, submit, pass, within, rowsOfRuns };
    };
    const rowsOf = (count: number) => Array.from({ length: count }, () => [1]);

    it('drops what its time is too short for, before it costs a run', async () => {
      const { within, rowsOfRuns } = setUpRuns(() => 10);
      await within(1_000);
      expect(await within(9)).toEqual({ failed: 'deadline' });
      expect((await within(10)).failed).toBeUndefined();
      expect(rowsOfRuns()).toEqual([1, 1]);
    });

    it('goes by the runs of like size', async () => {
      const { within, rowsOfRuns } = setUpRuns((rows) => 10 * rows);
      await within(1_000);
      await within(1_000, rowsOf(8));
      expect((await within(10)).failed).toBeUndefined();
      const [late, others] = await Promise.all([within(50), within(1_000, rowsOf(7))]);
      expect([late.failed, others.failed]).toEqual(['deadline', undefined]);
      expect(rowsOfRuns()).toEqual([1, 8, 1, 7]);
    });

    it('does not take the runs of another shape for a measure', async () => {
      const { session, submit, pass, within } = setUpRuns(() => (session.runs.at(-1)?.rows === 2 ? 1 : 100));
      await within(1_000, [[1, 1, 1, 1, 1, 1, 1, 1]]);
      await within(1_000, [[1], [1]]);
      const late = within(50, [[1, 1, 1, 1, 1, 1, 1, 1]]);
      const short = within(50, [[1], [1]]);
      expect([(await late).failed, (await short).failed]).toEqual(['deadline', undefined]);
      pass(1);
      const [long, behind] = await Promise.all([submit([[1, 1, 1, 1, 1, 1, 1, 1]]), within(50, [[1], [1]])]);
      expect([long.failed, behind.failed]).toEqual([undefined, 'deadline']);
    });

    it('counts every run that a job of many rows needs', async () => {
      const { within } = setUpRuns(() => 10, { maxBatchRows: 4 });
      await within(1_000, rowsOf(4));
      expect((await within(29, rowsOf(10))).failed).toBe('deadline');
      expect((await within(30, rowsOf(10))).failed).toBeUndefined();
    });

    it('goes on with a job that has begun, until its time is over', async () => {
      let runMs = 10;
      const { within, submit, rowsOfRuns, batcher } = setUpRuns(() => runMs, { maxBatchRows: 4 });
      await submit(rowsOf(4));
      runMs = 12;
      // After two runs 6 ms are left, less than one takes: they may be enough all the same.
      expect((await within(30, rowsOf(12))).failed).toBeUndefined();
      runMs = 40;
      expect((await within(60, rowsOf(12))).failed).toBe('deadline');
      expect(batcher.waiting).toBe(0);
      expect(rowsOfRuns()).toEqual([4, 4, 4, 4, 4, 4]);
    });

    it('soon tries again where one long run led it to expect more', async () => {
      let runMs = 100;
      const { within, rowsOfRuns } = setUpRuns(() => runMs);
      await within(1_000);
      runMs = 1;
      let dropped = 0;
      while (dropped < 20 && (await within(50)).failed !== undefined) dropped++;
      // 100 x 0.9^7 is less than 50.
      expect(dropped).toBe(7);
      expect((await within(50)).failed).toBeUndefined();
      expect(rowsOfRuns()).toEqual([1, 1, 1]);
    });

    it('does not doubt what it expects for being right about many at once', async () => {
      const { within, submit, rowsOfRuns } = setUpRuns(() => 10, { maxBatchRows: 32 });
      await submit(rowsOf(32));
      for (let round = 0; round < 20; round++) {
        const late = Array.from({ length: 15 }, () => within(5));
        const inTime = within(1_000, rowsOf(17));
        expect((await Promise.all(late)).every(({ failed }) => failed === 'deadline')).toBe(true);
        expect((await inTime).failed).toBeUndefined();
      }
      expect(rowsOfRuns()).toHaveLength(21);
    });

    it('does not let a job wait for company beyond its time', async () => {
      const { within, submit, pass, rowsOfRuns } = setUpRuns(() => 10, { maxBatchRows: 4, maxDelayMs: 20 });
      const first = within(19);
      await Promise.resolve();
      expect(rowsOfRuns()).toEqual([1]);
      expect((await first).failed).toBeUndefined();
      // By now it is known that a run takes 10 ms.
      const second = within(29);
      await Promise.resolve();
      expect(rowsOfRuns()).toEqual([1, 1]);
      expect((await second).failed).toBeUndefined();
      const patient = within(31);
      await Promise.resolve();
      expect(rowsOfRuns()).toEqual([1, 1]);
      pass(1);
      await Promise.all([patient, submit([[1]], { deadline: 0 })]);
      expect(rowsOfRuns()).toEqual([1, 1, 1]);
    });
  });

  it('asks the session for the wanted outputs only', async () => {
    const { session, submit } = setUp();
    const [only, other] = await Promise.all([
      submit([[1, 2]], { outputs: [1] }),
      submit([[3, 4]], { outputs: [1] }),
    ]);
    expect(session.runs).toEqual([{ rows: 2, outputs: [1] }]);
    expect([only, other].map((result) => numbers(result?.outputs?.[0]))).toEqual([[3], [7]]);
  });

  it('runs the requests of a model without batches one by one', async () => {
    const { session, submit } = setUp({ batchable: false, maxBatchRows: 1 });
    await Promise.all([
      submit([
        [1, 2],
        [3, 4],
      ]),
      submit([[5, 6]]),
    ]);
    expect(session.runs.map(({ rows }) => rows)).toEqual([2, 1]);
  });

  it('waits for a fuller batch only where a delay is configured, and no longer than that', async () => {
    const { session, submit, advance } = setUp({ maxBatchRows: 3, maxDelayMs: 20 });
    const first = submit([[1]]);
    await Promise.resolve();
    expect(session.runs).toHaveLength(0);
    await Promise.all([first, submit([[2]]), submit([[3]])]);
    expect(session.runs.map(({ rows }) => rows)).toEqual([3]);
    const alone = submit([[4]]);
    advance(20);
    await alone;
    expect(session.runs.map(({ rows }) => rows)).toEqual([3, 1]);
  });

  it('gives every request its own answer, however they are shaped and bounded', async () => {
    const row = fc.array(fc.float({ min: 0, max: 100, noNaN: true }), { minLength: 2, maxLength: 2 });
    const requests = fc.array(fc.array(row, { minLength: 1, maxLength: 9 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(requests, fc.integer({ min: 1, max: 6 }), async (bodies, maxBatchRows) => {
        const { submit, session } = setUp({ maxBatchRows });
        const results = await Promise.all(bodies.map((body) => submit(body)));
        for (const [i, { outputs }] of results.entries()) {
          expect(numbers(outputs?.[0])).toEqual(
            (bodies[i] ?? []).flat().map((value) => Math.fround(2 * value)),
          );
        }
        expect(session.runs.every(({ rows }) => rows <= maxBatchRows)).toBe(true);
      }),
    );
  });
});
