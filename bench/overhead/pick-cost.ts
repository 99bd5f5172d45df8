/** What choosing a worker costs (promise CT5), in this process and without any server. */
import { type Candidate, pickLeastConnections } from '../../src/balance/least-connections.ts';
import { seededRandom } from '../support/random.ts';

const ROWS = 100;
const PICKS = 200_000;
const SEED = 100;

/** Microseconds of one choice among 100 workers under load, none of them idle, so that all are looked at. */
export function measurePick(): number {
  const random = seededRandom(SEED);
  const candidates: Candidate[] = Array.from({ length: ROWS }, () => {
    const load = 1 + Math.floor(random() * 50);
    return { load, occupied: load, slots: 128, sent: Math.floor(random() * 1000) };
  });
  let sum = 0;
  let start = 0;
  // The first half warms the compiler up.
  for (let pick = 0; pick < 2 * PICKS; pick++) {
    if (pick === PICKS) start = performance.now();
    sum += pickLeastConnections(candidates);
  }
  // The sum is used, so that the choices are not compiled away.
  return sum < 0 ? Number.NaN : ((performance.now() - start) * 1000) / PICKS;
}
