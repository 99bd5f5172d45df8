/** The result of a run as one object: rows, verdicts, where and how they were measured, and every sample. */
import type { Machine } from '../support/machine.ts';
import { makeRows } from './figures.ts';
import type { Sample } from './measure.ts';
import { SYSTEM_NAMES } from './system-names.ts';
import { judge } from './targets.ts';

interface Circumstances {
  readonly date: string;
  readonly machine: Machine;
  readonly settings: Readonly<Record<string, unknown>> & {
    readonly fault_seconds: number;
    readonly service_ms: number;
  };
}

/** What the prototype was published with, from a failure to when its requests were served again: its Figure 7. */
const PUBLISHED_SECONDS = [40, 60] as const;
/**
 * A load generator later than this, fewer cores to spare, or more times of one request for 1 of 100 before anything has
 * failed, and what is measured is partly the machine.
 */
const LATE_MS = 5;
const SPARE_CORES = 0.3;
const WELL = 5;

export type FailureReport = ReturnType<typeof makeReport>;

export function makeReport(samples: readonly Sample[], { date, machine, settings }: Circumstances) {
  const rows = makeRows(samples);
  const isDisturbed = ({ lag_ms, cores_busy, p99_before_ms }: Sample) =>
    lag_ms > LATE_MS ||
    machine.cores - cores_busy < SPARE_CORES ||
    (p99_before_ms ?? 0) > WELL * settings.service_ms;
  return {
    benchmark: 'failure' as const,
    ...{ date, machine, settings },
    published_seconds: PUBLISHED_SECONDS,
    rows,
    /** Not measured, as they cannot be had here or were left out. */
    absent: SYSTEM_NAMES.filter((name) => !rows.some(({ system }) => system === name)),
    targets: judge(rows),
    disturbed_samples: { disturbed: samples.filter(isDisturbed).length, of: samples.length },
    samples,
  };
}
