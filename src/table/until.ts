/** Waiting for what the table is to show. */
import type { ControlTable } from './control-table.ts';

/** Some things change without a word: that a member lapses or that the table goes away. */
const LOOK_EVERY_MS = 100;

/**
 * Resolves to true when a condition of the table holds, or to false when the signal is aborted first.
 * @param condition asked at once, after each change, and every {@link LOOK_EVERY_MS}
 */
export function until(
  table: Pick<ControlTable, 'subscribe'>,
  condition: () => boolean,
  signal?: AbortSignal,
): Promise<boolean> {
  if (condition()) return Promise.resolve(true);
  if (signal?.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const finish = (met: boolean) => {
      unsubscribe();
      clearInterval(timer);
      signal?.removeEventListener('abort', onAbort);
      resolve(met);
    };
    const look = () => {
      if (condition()) finish(true);
    };
    const onAbort = () => finish(false);
    const unsubscribe = table.subscribe(look);
    const timer = setInterval(look, LOOK_EVERY_MS);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
