/** A session moves to a thread when a run takes too long, once, and answers all the while. */
import { expect, it } from 'vitest';
import type { Tensor } from '../oip/tensor.ts';
import { AdaptiveSession } from './adaptive-session.ts';
import type { InferenceSession } from './inference-session.ts';

function session(name: string, onRun: () => void): InferenceSession & { closed: boolean } {
  return {
    inputs: [],
    outputs: [],
    closed: false,
    async run(): Promise<readonly Tensor[]> {
      onRun();
      return [{ shape: [1], data: [name] }];
    },
    async close() {
      this.closed = true;
    },
  };
}

it('runs inline until a run is long, from then on in the thread, and closes what it left', async () => {
  let now = 0;
  let runMs = 1;
  let loads = 0;
  const pass = () => {
    now += runMs;
  };
  const inline = session('inline', pass);
  const threaded = session('threaded', pass);
  const moved: number[] = [];
  const adaptive = new AdaptiveSession({
    inline,
    loadThreaded: async () => {
      loads++;
      return threaded;
    },
    longestInlineMs: 50,
    cpuMs: () => now,
    onMoved: (ms) => moved.push(ms),
  });
  const ranIn = async () => (await adaptive.run([], [0]))[0]?.data[0];
  expect(await ranIn()).toBe('inline');
  runMs = 80;
  expect([await ranIn(), await ranIn()]).toEqual(['inline', 'threaded']);
  expect(moved).toEqual([80]);
  expect(loads).toBe(1);
  expect(inline.closed).toBe(true);
  await adaptive.close();
  expect(threaded.closed).toBe(true);
});

it('goes on inline when there is no thread to be had, and tries again after the next long run', async () => {
  let now = 0;
  let loads = 0;
  const adaptive = new AdaptiveSession({
    inline: session('inline', () => {
      now += 80;
    }),
    loadThreaded: () => {
      loads++;
      return Promise.reject(new Error('out of memory'));
    },
    longestInlineMs: 50,
    cpuMs: () => now,
    onMoved: () => {},
  });
  for (let i = 0; i < 3; i++) expect((await adaptive.run([], [0]))[0]?.data[0]).toBe('inline');
  expect(loads).toBe(3);
});

it('does not take for a long run what else the thread does until it begins', async () => {
  let now = 0;
  const inline = {
    ...session('inline', () => {}),
    // As ONNX Runtime does.
    run: () =>
      new Promise<readonly Tensor[]>((resolve) => {
        setImmediate(() => {
          now += 1;
          resolve([]);
        });
      }),
  };
  const moved: number[] = [];
  const adaptive = new AdaptiveSession({
    inline,
    loadThreaded: async () => session('threaded', () => {}),
    longestInlineMs: 50,
    cpuMs: () => now,
    onMoved: (ms) => moved.push(ms),
  });
  for (let i = 0; i < 3; i++) {
    const run = adaptive.run([], [0]);
    now += 80;
    await run;
  }
  expect(moved).toEqual([]);
});
