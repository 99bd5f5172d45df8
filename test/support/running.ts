/** What a test has started, ended when it is over, whatever became of it. */
import { afterEach } from 'vitest';
import { eventually } from './eventually.ts';
import { type Load, type LoadOptions, type LoadResult, startLoad } from './load.ts';

export interface Running {
  /** Ends it with the test. */
  run<T extends AsyncDisposable>(starting: Promise<T>): Promise<T>;
  /** Puts load on a server until the test ends or {@link endLoad}. */
  load(options: LoadOptions): Load;
  /** Waits until that many more requests are answered. */
  answers(more: number): Promise<void>;
  endLoad(): Promise<LoadResult>;
}

/** To be called at the top of a file of tests. */
export function runningThings(): Running {
  let things: AsyncDisposable[] = [];
  let load: Load | undefined;
  afterEach(async () => {
    await load?.stop();
    load = undefined;
    const ending = things.reverse();
    things = [];
    // Last come, first gone: servers outlive those who use them.
    for (const thing of ending) await thing[Symbol.asyncDispose]();
  });
  return {
    async run(starting) {
      const thing = await starting;
      things.push(thing);
      return thing;
    },
    load(options) {
      load = startLoad(options);
      return load;
    },
    async answers(more) {
      const running = load as Load;
      const wanted = running.answered + more;
      await eventually(`${more} more answers`, () => running.answered >= wanted, 40_000);
    },
    async endLoad() {
      const result = await (load as Load).stop();
      load = undefined;
      return result;
    },
  };
}
