/** What the samples say: a row for each system and fault. */
import { type Spread, spreadOf } from '../support/statistics.ts';
import { FAULT_NAMES, type FaultName } from './faults.ts';
import type { Sample } from './measure.ts';
import { SYSTEM_NAMES, type SystemName } from './system-names.ts';

/** Of the rounds, in which "never" is more than any time. */
export interface TimeSpread {
  /** Null: never. */
  readonly median: number | null;
  readonly min: number | null;
  readonly max: number | null;
}

export interface Row {
  readonly system: SystemName;
  readonly fault: FaultName;
  readonly rounds: number;
  readonly requests: number;
  /** Over all rounds; those after the fault among the failed. */
  readonly failed: number;
  readonly slow: number;
  readonly failed_of_a_round: Spread;
  readonly slow_of_a_round: Spread;
  readonly p99_before_ms: TimeSpread;
  readonly p99_during_ms: TimeSpread;
  readonly detect_ms: TimeSpread;
  readonly recover_ms: TimeSpread;
  readonly recover_as_four_ms: TimeSpread;
}

export function makeRows(samples: readonly Sample[]): Row[] {
  return FAULT_NAMES.flatMap((fault) =>
    SYSTEM_NAMES.flatMap((system) => {
      const own = samples.filter((sample) => sample.fault === fault && sample.system === system);
      return own.length === 0 ? [] : [makeRow(own)];
    }),
  );
}

function makeRow(own: readonly Sample[]): Row {
  const { system, fault } = own[0]!;
  const failed = own.map((sample) => sample.failed + sample.failed_after);
  const slow = own.map((sample) => sample.slow);
  return {
    ...{ system, fault, rounds: own.length },
    requests: sum(own.map(({ requests }) => requests)),
    failed: sum(failed),
    slow: sum(slow),
    failed_of_a_round: spreadOf(failed)!,
    slow_of_a_round: spreadOf(slow)!,
    p99_before_ms: timeSpread(own.map((sample) => sample.p99_before_ms)),
    p99_during_ms: timeSpread(own.map((sample) => sample.p99_during_ms)),
    detect_ms: timeSpread(own.map((sample) => sample.detect_ms)),
    recover_ms: timeSpread(own.map((sample) => sample.recover_ms)),
    recover_as_four_ms: timeSpread(own.map((sample) => sample.recover_as_four_ms)),
  };
}

function timeSpread(values: readonly (number | null)[]): TimeSpread {
  const { median, min, max } = spreadOf(values.map((value) => value ?? Number.POSITIVE_INFINITY))!;
  const orNever = (value: number) => (Number.isFinite(value) ? value : null);
  return { median: orNever(median), min: orNever(min), max: orNever(max) };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
