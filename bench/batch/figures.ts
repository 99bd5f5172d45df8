/** What the samples say: a row for each system with each number of workers. */
import { type Spread, spreadOf } from '../support/statistics.ts';
import type { BatchSample } from './measure-batch.ts';
import { BATCH, type Part } from './options.ts';

export interface BatchRow {
  readonly part: Part;
  readonly system: string;
  readonly workers: number;
  readonly requests: number;
  readonly total_s: Spread;
  /** Of the whole batch, at the pace of what was sent. */
  readonly batch_s: Spread;
  readonly requests_per_second: Spread;
  readonly p50_ms: Spread | null;
  readonly p99_ms: Spread | null;
  readonly errors: number;
  /** How many times as fast as with the fewest workers in the same round. */
  readonly speed_up: Spread | null;
  /** That over the ratio of the numbers of workers. */
  readonly efficiency: Spread | null;
  /** That over the ratio of the cores that so many workers can use, for what needs the processor; null for "timed". */
  readonly core_efficiency: Spread | null;
  /** Time in which the workers could have done it without a pause, over the time that it took; "timed" alone. */
  readonly of_ideal: Spread | null;
}

/** In the order of parts, systems and numbers of workers. */
export function makeRows(samples: readonly BatchSample[], serviceMs: number, cores: number): BatchRow[] {
  const parts = Object.values(Object.groupBy(samples, ({ part, system }) => `${part} ${system}`));
  return parts.flatMap((ofSystem = []) => {
    const fewest = Math.min(...ofSystem.map(({ workers }) => workers));
    const numbers = [...new Set(ofSystem.map(({ workers }) => workers))].toSorted((a, b) => a - b);
    return numbers.map((workers): BatchRow => {
      const own = ofSystem.filter((sample) => sample.workers === workers);
      const { part, system, requests } = own[0]!;
      const spread = (quantity: (sample: BatchSample) => number | null) =>
        spreadOf(own.map(quantity).filter((value) => value !== null));
      const speedUp = (sample: BatchSample) => {
        const base = ofSystem.find((one) => one.workers === fewest && one.round === sample.round);
        return base === undefined ? null : base.total_s / sample.total_s;
      };
      const overRatio = (ratio: number) => (sample: BatchSample) => {
        const faster = speedUp(sample);
        return faster === null ? null : faster / ratio;
      };
      const coreRatio = Math.min(workers, cores) / Math.min(fewest, cores);
      return {
        ...{ part, system, workers, requests },
        total_s: spread(({ total_s }) => total_s)!,
        batch_s: spread(({ total_s }) => (total_s * BATCH) / requests)!,
        requests_per_second: spread(({ requests_per_second }) => requests_per_second)!,
        p50_ms: spread(({ p50_ms }) => p50_ms),
        p99_ms: spread(({ p99_ms }) => p99_ms),
        errors: own.reduce((sum, { errors }) => sum + errors, 0),
        speed_up: spread(speedUp),
        efficiency: spread(overRatio(workers / fewest)),
        core_efficiency: part === 'timed' ? null : spread(overRatio(coreRatio)),
        of_ideal:
          part === 'timed'
            ? spread(({ total_s }) => (requests * serviceMs) / 1_000 / workers / total_s)
            : null,
      };
    });
  });
}
