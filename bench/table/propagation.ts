/** From a change of a worker's status to the last of four gateways whose view shows it, on the host's one clock. */
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../support/random.ts';
import { startBenchRedis } from '../support/redis-server.ts';
import { startFleet, type TurntableFleet } from '../support/turntable-fleet.ts';
import { runWrk } from '../support/wrk.ts';
import { openBenchTable } from './bench-table.ts';
import { MODEL, type TableRun } from './table-run.ts';

const OBSERVER = resolve(import.meta.dirname, 'observe-table.ts');
const PREFIX = 'propagation';
const GATEWAYS = 4;
const WORKERS = 2;
/** At each gateway, in state `load`: together about half of what two cores carry. */
const PACE = 1_000;
const CONNECTIONS = 8;
const SETTLE_MS = 1_500;
/** Changes come at random moments, so that they keep step with no timer. */
const MAX_GAP_MS = 20;
const LOST_MS = 5_000;

/** What the gateways do meanwhile: nothing, requests at a pace, or as many as the machine carries. */
const STATES = ['idle', 'load', 'saturated'] as const;
export type GatewayState = (typeof STATES)[number];

/** What a gateway tells of its view. */
export interface Sighting {
  readonly id_worker: string;
  readonly status: string | undefined;
  readonly at_ns: number;
}

export interface PropagationSample {
  readonly state: GatewayState;
  /** Answered by all gateways together. */
  readonly requests_per_second: number;
  /** From before the write to the last view, ascending. */
  readonly last_view_ms: readonly number[];
  /** From before the write until the writer knows that it is done, ascending. */
  readonly written_ms: readonly number[];
}

export async function measurePropagation(run: TableRun): Promise<PropagationSample[]> {
  const { bodiesFile, directory, options, say, signal } = run;
  await using started = new AsyncDisposableStack();
  const redis = started.use(await startBenchRedis(directory, signal));
  const fleet = started.use(
    await startFleet(
      {
        ...{ redis, model: MODEL, repository: options.models, gateways: GATEWAYS, workers: WORKERS },
        // Nobody else may change the status.
        ...{ workerKind: 'by hand' as const, prefix: PREFIX, preload: OBSERVER, directory },
      },
      signal,
    ),
  );
  const table = started.adopt(await openBenchTable(redis.url, PREFIX), (open) => open.close());

  const samples: PropagationSample[] = [];
  for (const state of STATES) {
    const done = new AbortController();
    const until = AbortSignal.any([signal, done.signal]);
    const pace = state === 'load' ? { pace: PACE } : {};
    const loads = (state === 'idle' ? [] : fleet.inferUrls).map((url) =>
      runWrk({ url, bodiesFile, connections: CONNECTIONS, seconds: 600, ...pace }, until),
    );
    const stopped = Promise.allSettled(loads);
    try {
      await sleep(SETTLE_MS, undefined, { signal });
      const sample = await changeStatuses(state, table, fleet, run);
      say(
        `propagation, ${state} (${Math.round(sample.requests_per_second)} requests/s): p50 ${percentile(sample.last_view_ms, 0.5).toFixed(2)} ms, ` +
          `p99 ${percentile(sample.last_view_ms, 0.99).toFixed(2)} ms`,
      );
      samples.push(sample);
    } finally {
      done.abort();
      await stopped;
    }
  }
  return samples;
}

/** Of ascending values: the least that is not below that part of them. */
export function percentile(ascending: readonly number[], part: number): number {
  return ascending[Math.max(0, Math.ceil(ascending.length * part) - 1)] ?? Number.NaN;
}

type BenchTable = Awaited<ReturnType<typeof openBenchTable>>;

async function changeStatuses(
  state: GatewayState,
  table: BenchTable,
  fleet: TurntableFleet,
  { options, signal }: TableRun,
): Promise<PropagationSample> {
  const random = seededRandom(options.changes);
  const id_worker = table.view().workers[0]!.id_worker;
  const beganAt = performance.now();
  const completedBefore = await completedBy(fleet);
  const lastViews: number[] = [];
  const written: number[] = [];
  for (let change = 0; change < options.changes; change++) {
    const [from, to] = change % 2 === 0 ? (['ACTIVE', 'ERROR'] as const) : (['ERROR', 'ACTIVE'] as const);
    const seen = sightings(fleet, (sighting) => sighting.id_worker === id_worker && sighting.status === to);
    const begin = Number(process.hrtime.bigint());
    const result = await table.transition(id_worker, from, to, 'benchmark');
    written.push((Number(process.hrtime.bigint()) - begin) / 1e6);
    if (result !== 'changed') throw new Error(`a change of status came to nothing: ${result}`);
    const late = AbortSignal.any([signal, AbortSignal.timeout(LOST_MS)]);
    lastViews.push((Math.max(...(await seen(late))) - begin) / 1e6);
    await sleep(random() * MAX_GAP_MS, undefined, { signal });
  }
  const seconds = (performance.now() - beganAt) / 1_000;
  const requests_per_second = ((await completedBy(fleet)) - completedBefore) / seconds;
  const ascending = (values: number[]) => values.toSorted((a, b) => a - b);
  return {
    ...{ state, requests_per_second },
    ...{ last_view_ms: ascending(lastViews), written_ms: ascending(written) },
  };
}

/** What the gateways have said of it in the table, some milliseconds old. */
async function completedBy(fleet: TurntableFleet): Promise<number> {
  const loads = [...(await fleet.readLoads()).values()].flat();
  return loads.reduce((sum, { completed }) => sum + completed, 0);
}

/** Listens from now on; the result waits for the first such sighting of every gateway. */
function sightings(
  { gateways }: TurntableFleet,
  isWanted: (sighting: Sighting) => boolean,
): (signal: AbortSignal) => Promise<number[]> {
  const all = gateways.map(({ child }) => {
    const { promise, resolve: settle } = Promise.withResolvers<number>();
    const listener = (message: unknown) => {
      if (!isWanted(message as Sighting)) return;
      child.off('message', listener);
      settle((message as Sighting).at_ns);
    };
    child.on('message', listener);
    return promise;
  });
  return (signal) => {
    const { promise, reject } = Promise.withResolvers<never>();
    signal.addEventListener('abort', () => reject(new Error('a gateway never showed a change of status')), {
      once: true,
    });
    return Promise.race([Promise.all(all), promise]);
  };
}
