/** The result of a run as one object. */
import type { Machine } from '../support/machine.ts';
import type { Capacity } from './capacity.ts';
import type { WorkerFaultSample } from './measure-fault.ts';
import type { OverloadSample } from './overload.ts';
import { judge } from './targets.ts';

interface Measured {
  readonly capacity: Capacity | null;
  readonly faults: readonly WorkerFaultSample[];
  readonly overload: readonly OverloadSample[];
}

interface Circumstances {
  readonly date: string;
  readonly machine: Machine;
  readonly settings: Readonly<Record<string, unknown>>;
}

export type FaultsReport = ReturnType<typeof makeReport>;

export function makeReport({ capacity, faults, overload }: Measured, circumstances: Circumstances) {
  return {
    benchmark: 'faults' as const,
    ...circumstances,
    capacity,
    faults: [...faults, ...overload.map(faultFigures)],
    overload,
    targets: judge(faults, overload),
  };
}

/** The figures that an overload shares with the other faults; the rest stands in `overload`. */
function faultFigures(sample: OverloadSample) {
  const { fault, failed, p99_before_ms, p99_during_ms, p99_after_ms, detect_ms, recover_ms, title } = sample;
  return { fault, failed, p99_before_ms, p99_during_ms, p99_after_ms, detect_ms, recover_ms, title };
}
