/** From samples to figures: medians over the rounds, and how far they spread. */
import { type Spread, spreadOf } from '../support/statistics.ts';
import type { CommandSample } from '../table/command-rate.ts';
import type { ConnectionSample, ConnectionSystem } from './connection-memory.ts';
import type { CpuSamples, PartSample } from './cpu-by-part.ts';
import type { Role } from './part-of-frame.ts';
import { orderParts } from './profile-parts.ts';
import type { RowKind, RowSample } from './row-memory.ts';
import { callsPerRequest } from './table-calls.ts';
import type { Figure } from './targets.ts';

/** Null where a part was not measured. */
export interface ControlCostSamples {
  readonly cpu: CpuSamples | null;
  /** At Redis. */
  readonly commands: readonly CommandSample[] | null;
  readonly rows: readonly RowSample[] | null;
  readonly connections: readonly ConnectionSample[] | null;
}

/** Microseconds per request of each part, in the order in which they are shown. */
export function cpuParts(cpu: CpuSamples | null, role: Role): Readonly<Record<string, Spread>> {
  const samples = ofRole(cpu, role);
  const names = orderParts(samples.flatMap(({ parts_us }) => Object.keys(parts_us)));
  return Object.fromEntries(
    // A part without a sample in some round took nothing then.
    names.map((name) => [name, spreadOf(samples.map(({ parts_us }) => parts_us[name] ?? 0)) as Spread]),
  );
}

export function cpuTotal(
  cpu: CpuSamples | null,
  role: Role,
  quantity: 'cpu_us_per_request' | 'profiled_cpu_us_per_request' | 'kernel_us_per_request',
): Spread | null {
  return spreadOf(ofRole(cpu, role).map((sample) => sample[quantity]));
}

function ofRole(cpu: CpuSamples | null, role: Role): PartSample[] {
  return (cpu?.parts ?? []).filter((sample) => sample.role === role);
}

/** The functions that take most themselves, of the last round, as a hint where to look. */
export function topPlaces(cpu: CpuSamples | null, role: Role, count: number, part?: string) {
  const places = ofRole(cpu, role).at(-1)?.places ?? [];
  return places.filter((place) => part === undefined || place.part === part).slice(0, count);
}

export interface TableOperations {
  readonly wanted_requests_per_second: number;
  readonly requests_per_second: number;
  readonly operations_per_second: number;
  readonly operations_per_request: number;
}

export function memoryCalls(cpu: CpuSamples | null): TableOperations[] {
  return (cpu?.calls ?? []).map((sample) => {
    const { wanted_requests_per_second, requests_per_second } = sample;
    const operations_per_request = callsPerRequest(sample);
    const operations_per_second = operations_per_request * requests_per_second;
    return { wanted_requests_per_second, requests_per_second, operations_per_second, operations_per_request };
  });
}

export function redisCommands(
  samples: readonly CommandSample[] | null,
  quantity: 'commands_per_second' | 'client_calls_per_second',
): TableOperations[] {
  return (samples ?? []).map((sample) => ({
    wanted_requests_per_second: sample.wanted_requests_per_second,
    requests_per_second: sample.requests_per_second,
    operations_per_second: sample[quantity],
    operations_per_request: sample[quantity] / sample.requests_per_second,
  }));
}

export function rowSpread(
  samples: readonly RowSample[] | null,
  kind: RowKind,
  rows: number,
  quantity: 'rss_mb' | 'rss_after_gc_mb' | 'held_mb' | 'idle_cores_busy' | 'reached' | 'reached_after_ms',
): Spread | null {
  const of = (samples ?? []).filter((sample) => sample.kind === kind && sample.rows === rows);
  return spreadOf(of.map((sample) => sample[quantity]).filter((value) => value !== null));
}

export function connectionSpread(
  samples: readonly ConnectionSample[] | null,
  system: ConnectionSystem,
  read: (sample: ConnectionSample) => number | null,
): Spread | null {
  const of = (samples ?? []).filter((sample) => sample.system === system);
  return spreadOf(of.map(read).filter((value) => value !== null));
}

/** The worst of all rounds is judged where any other than 0 is wrong. */
export function judgedFigures({ connections }: ControlCostSamples): Readonly<Record<Figure, number | null>> {
  const ours = (read: (sample: ConnectionSample) => number | null) =>
    connectionSpread(connections, 'turntable', read);
  const unanswered = ({ asked, answered, before, beside }: ConnectionSample) =>
    asked - answered + before.failed + beside.failed;
  return {
    gateway_mb_with_idle_connections: ours(({ rss_mb }) => rss_mb)?.median ?? null,
    idle_connections_closed: ours(({ closed }) => closed)?.max ?? null,
    idle_connections_not_answered: ours(unanswered)?.max ?? null,
    requests_miscounted:
      ours(({ miscounted, left_in_flight }) => Math.abs(miscounted ?? 0) + (left_in_flight ?? 0))?.max ??
      null,
  };
}
