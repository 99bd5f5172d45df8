/** One fault under load: four new workers, load that does not wait, the fault in its midst, and what came of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type CuttingProxy, startCuttingProxy } from '../../test/support/cutting-proxy.ts';
import { freePort } from '../../test/support/free-port.ts';
import { type OpenLoopResult, poissonArrivals, runOpenLoop } from '../support/open-loop.ts';
import { seededRandom } from '../support/random.ts';
import type { FaultFleet, FaultWorker } from './fault-fleet.ts';
import { epochMs, type FaultsRun, LOAD, nominalPerSecond, WORKERS } from './faults-run.ts';
import type { Turn } from './observe-gateway.ts';
import type { WorkerFaultName } from './options.ts';
import { failures, figuresOf, recoveryMs, relievedMs, type Span, type SpanFigures } from './window.ts';
import { FAULTS, type Scene, type WorkerFault } from './worker-faults.ts';

/** The names of the issue; more of the same beside them. */
export interface FaultFigures {
  readonly fault: string;
  /** Not answered with 200, over the whole measurement; of an overload without what was refused or late. */
  readonly failed: number;
  readonly p99_before_ms: number | null;
  readonly p99_during_ms: number | null;
  readonly p99_after_ms: number | null;
  /** From the fault until the gateway no longer sends to what is broken. */
  readonly detect_ms: number | null;
  /** From the fault, or the end of an overload, until the last second's p99 is within 1.2 times that of before. */
  readonly recover_ms: number | null;
}

export interface WorkerFaultSample extends FaultFigures {
  readonly title: string;
  readonly single: boolean;
  readonly detect_of: WorkerFault['detect'];
  /** How it is known: what the gateway said in the table, or that fewer than half as many requests came there. */
  readonly detected_by: string | null;
  /** From when it was mended until the gateway sends there again. */
  readonly returned_ms: number | null;
  /** Part of all requests that the worker drew after the first second of the fault; null where it cannot tell. */
  readonly drawn_share_after_second: number | null;
  readonly requests: number;
  readonly lag_ms: number;
  readonly before: SpanFigures;
  readonly during: SpanFigures;
  readonly after: SpanFigures;
}

export const BODY = Buffer.from(
  JSON.stringify({
    inputs: [{ name: 'x', shape: [1, 8], datatype: 'FP32', data: [1, 2, 3, 4, 5, 6, 7, 8] }],
  }),
);

export async function measureWorkerFault(
  run: FaultsRun,
  fleet: FaultFleet,
  name: WorkerFaultName,
): Promise<WorkerFaultSample> {
  const { options, signal } = run;
  const fault = FAULTS[name];
  await using held = new AsyncDisposableStack();
  const proxied = fault.needsCut === true ? await proxiedPorts(held) : undefined;
  const workers = await Promise.all(
    Array.from({ length: WORKERS }, async (_, index) =>
      held.use(await fleet.startWorker(index === 0 ? proxied?.ports : undefined)),
    ),
  );
  const ids = workers.map(({ id_worker }) => id_worker);
  await fleet.whenUsed(ids);

  const faultMs = options.faultSeconds * 1_000 * (fault.length ?? 1);
  const strikeAtMs = (options.warmUpSeconds + options.seconds) * 1_000;
  const endMs = strikeAtMs + faultMs + options.seconds * 1_000;
  const perSecond = nominalPerSecond(options) * LOAD;
  const begun = Promise.withResolvers<void>();
  const loading = runOpenLoop({
    ...{ urls: [fleet.inferUrl], body: () => BODY, signal },
    arrivalsMs: poissonArrivals(perSecond, endMs / 1_000, seededRandom(options.seed)),
    onSecond: (second) => second === 0 && begun.resolve(),
  });
  const scene = new FaultScene({ fleet, workers, held, proxy: proxied?.proxy, lastsMs: faultMs, signal });
  const striking = begun.promise.then(async () => {
    await sleep(strikeAtMs, undefined, { signal });
    await fault.run(scene);
  });
  const [load] = await Promise.all([loading, striking]);
  fleet.assertRunning();
  if (fault.tells) for (const victim of scene.victims) await victim.tell('report');
  const warmUpMs = options.warmUpSeconds * 1_000;
  return toSample({ name, load, scene, turns: fleet.turns, warmUpMs, faultMs, endMs });
}

interface SceneParts {
  readonly fleet: FaultFleet;
  readonly workers: readonly FaultWorker[];
  readonly held: AsyncDisposableStack;
  readonly proxy: CuttingProxy | undefined;
  readonly lastsMs: number;
  readonly signal: AbortSignal;
}

/** Notes when what was done. */
class FaultScene implements Scene {
  readonly workers: readonly FaultWorker[];
  readonly lastsMs: number;
  victims: readonly FaultWorker[] = [];
  struckAtMs = 0;
  mendedAtMs: number | null = null;
  readonly #parts: SceneParts;

  constructor(parts: SceneParts) {
    this.#parts = parts;
    this.workers = parts.workers;
    this.lastsMs = parts.lastsMs;
  }

  struck = (...victims: readonly FaultWorker[]): void => {
    this.struckAtMs = epochMs();
    this.victims = victims;
  };

  mended = (): void => {
    this.mendedAtMs = epochMs();
  };

  wait = async (ms: number): Promise<void> => {
    await sleep(ms, undefined, { signal: this.#parts.signal });
  };

  startAnother = async (): Promise<void> => {
    const { held, fleet } = this.#parts;
    held.use(await fleet.startWorker());
  };

  cut = async (): Promise<void> => {
    await this.#parts.proxy?.cut('silent');
  };

  heal = async (): Promise<void> => {
    await this.#parts.proxy?.heal();
  };
}

/** A worker's port, and that of a network to it which can be cut. */
async function proxiedPorts(held: AsyncDisposableStack) {
  const port = await freePort();
  const proxy = held.use(await startCuttingProxy({ port }));
  return { proxy, ports: { port, advertisedPort: proxy.port } };
}

interface Observed {
  readonly name: WorkerFaultName;
  readonly load: OpenLoopResult;
  readonly scene: FaultScene;
  readonly turns: readonly Turn[];
  readonly warmUpMs: number;
  readonly faultMs: number;
  readonly endMs: number;
}

function toSample({ name, load, scene, turns, warmUpMs, faultMs, endMs }: Observed): WorkerFaultSample {
  const { title, single, detect, tells } = FAULTS[name];
  const { victims, struckAtMs, mendedAtMs } = scene;
  const struckMs = struckAtMs - load.startedAtMs;
  const spans = {
    before: { fromMs: warmUpMs, toMs: struckMs },
    during: { fromMs: struckMs, toMs: struckMs + faultMs },
    after: { fromMs: struckMs + faultMs, toMs: endMs },
  };
  const before = figuresOf(load, spans.before);
  const during = figuresOf(load, spans.during);
  const after = figuresOf(load, spans.after);

  const ids = victims.map(({ id_worker }) => id_worker);
  const lost = allLost(turns, ids, { fromMs: struckAtMs, toMs: struckAtMs + faultMs });
  const arrivals = tells ? (victims[0]?.arrivals ?? []).map((at) => at - load.startedAtMs) : null;
  const mendedMs = mendedAtMs === null ? struckMs + faultMs : mendedAtMs - load.startedAtMs;
  const relieved = arrivals && relievedBy(arrivals, spans.before, { fromMs: struckMs, toMs: mendedMs });
  const found = lost ?? relieved;
  const back = turns.find(({ id_worker, at_ms, standing }) => {
    return ids.includes(id_worker) && standing === null && mendedAtMs !== null && at_ms > mendedAtMs;
  });
  return {
    fault: name,
    failed: failures(before) + failures(during) + failures(after),
    p99_before_ms: before.p99_ms,
    p99_during_ms: during.p99_ms,
    p99_after_ms: after.p99_ms,
    detect_ms: found?.ms ?? null,
    recover_ms: recoveryMs(load, struckMs, before.p99_ms ?? 0, endMs),
    ...{ title, single, detect_of: detect, detected_by: found?.by ?? null },
    returned_ms: back && mendedAtMs !== null ? back.at_ms - mendedAtMs : null,
    drawn_share_after_second:
      arrivals && drawnShare(load, arrivals, { fromMs: struckMs + 1_000, toMs: mendedMs }),
    requests: before.requests + during.requests + after.requests,
    lag_ms: load.lagMs,
    ...{ before, during, after },
  };
}

interface Found {
  readonly ms: number;
  readonly by: string;
}

/** When it was known of all of them that the gateway sends them nothing. */
function allLost(turns: readonly Turn[], ids: readonly string[], { fromMs, toMs }: Span): Found | null {
  const first = ids.map((id) =>
    turns.find(({ id_worker, at_ms, standing }) => {
      return id_worker === id && standing !== null && at_ms >= fromMs && at_ms < toMs;
    }),
  );
  const last = first.reduce((a, b) => (a && b ? (a.at_ms > b.at_ms ? a : b) : undefined), first[0]);
  return last ? { ms: last.at_ms - fromMs, by: last.standing ?? '' } : null;
}

function relievedBy(arrivals: readonly number[], before: Span, struck: Span): Found | null {
  const seconds = (before.toMs - before.fromMs) / 1_000;
  const count = arrivals.filter((at) => at >= before.fromMs && at < before.toMs).length;
  const ms = relievedMs(arrivals, struck, count / seconds);
  return ms === null ? null : { ms, by: 'is sent less than half of what it was' };
}

/** Of the requests to be sent in that span. */
function drawnShare(load: OpenLoopResult, arrivals: readonly number[], span: Span): number | null {
  const { requests } = figuresOf(load, span);
  const drawn = arrivals.filter((at) => at >= span.fromMs && at < span.toMs).length;
  return requests === 0 ? null : drawn / requests;
}
