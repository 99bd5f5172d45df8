/** Waiting for what the table is to show. */
import type { ControlTable } from './control-table.ts';

/**
 * Resolves to true when a condition of the table holds, or to false when the signal is aborted first.
 * @param condition asked at once and after each change
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
      signal?.removeEventListener('abort', onAbort);
      resolve(met);
    };
    const onAbort = () => finish(false);
    const unsubscribe = table.subscribe(() => {
      if (condition()) finish(true);
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
