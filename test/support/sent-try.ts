import { newListPlace } from '../../src/admission/linked-list.ts';
import type { SentTry } from '../../src/gateway/worker-link.ts';

/** A request that was sent to a worker, for tests of what becomes of it there. */
export function sentTry(given: Partial<SentTry> & Pick<SentTry, 'sentAt'>): SentTry {
  return {
    ...{ met: 0, full: false, follows: false, isProbe: false, atWorker: newListPlace(), onStuck() {} },
    ...given,
  };
}
