/** What idle connections cost: memory, and the time of a request that comes beside them. NGINX is asked the same. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { percentile } from '../faults/window.ts';
import { startNginxProxy } from '../peers/nginx.ts';
import { startPlainWorker } from '../peers/start-plain-worker.ts';
import { poissonArrivals, runOpenLoop } from '../support/open-loop.ts';
import { startProcess } from '../support/owned-process.ts';
import { descendantsOf, readProcessTable, residentMb } from '../support/process-cpu.ts';
import { seededRandom } from '../support/random.ts';
import { metricSum, readMetrics, readWorkers } from '../support/read-metrics.ts';
import { rotated } from '../support/statistics.ts';
import { startTurntable } from '../support/turntable-server.ts';
import { type CostRun, MODEL } from './cost-run.ts';
import { mostConnections } from './file-limit.ts';
import type { ConnectionAnswer, ConnectionCommand } from './idle-connections.ts';
import { makeProbes } from './probe-client.ts';

export const SYSTEMS = ['turntable', 'nginx'] as const;
export type ConnectionSystem = (typeof SYSTEMS)[number];

interface Latency {
  readonly requests: number;
  readonly failed: number;
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
  /** p99 of how late the load generator itself was. */
  readonly lag_ms: number;
}

export interface ConnectionSample {
  readonly system: ConnectionSystem;
  readonly round: number;
  readonly connections: number;
  /** Of the gateway process; of all processes of NGINX. Before, and with the connections open. */
  readonly rss_before_mb: number;
  readonly rss_mb: number;
  /** After garbage was collected; null where there is no collector. */
  readonly rss_after_gc_mb: number | null;
  readonly kb_per_connection: number;
  readonly before: Latency;
  readonly beside: Latency;
  /** Connections that were not there any more at the end. */
  readonly closed: number;
  /** Requests on idle connections, those that were opened and left included, and how many were answered with 200. */
  readonly asked: number;
  readonly answered: number;
  /** What the gateway counts of all this, less what was sent; null at NGINX, which is not asked. */
  readonly miscounted: number | null;
  /** Requests that it still holds to be under way when all are answered. */
  readonly left_in_flight: number | null;
}

interface System extends AsyncDisposable {
  readonly name: ConnectionSystem;
  readonly origin: string;
  rssMb(): number;
  /** Frees what can be freed; null: there is nothing to do so. */
  readonly collect: (() => Promise<unknown>) | null;
  /** Answers of 200 that it has counted, and requests under way, as its own documents tell; null where it has none. */
  readonly counts: (() => Promise<{ answered: number; inFlight: number }>) | null;
}

const WORKERS = 2;
/** A load that disturbs nobody: what is looked for is what idle connections add. */
const REQUESTS_PER_SECOND = 500;
const ASKED_AGAIN = 200;
/** As NGINX has it by default (`client_header_timeout`); half of the connections say nothing at first. */
const HEADERS_TIMEOUT_MS = 60_000;
/** What gateways state comes with the next statement. */
const LAST_WORD_MS = 1_500;
const IDLE_CONNECTIONS = new URL('./idle-connections.ts', import.meta.url).pathname;

/** Every round with processes that were just started: memory that a round before has left is not taken for saved. */
export async function measureConnections(run: CostRun): Promise<ConnectionSample[]> {
  const { options, say, tools } = run;
  const connections = Math.min(options.idleConnections, mostConnections());
  if (connections < options.idleConnections)
    say(
      `connections: ${connections} and not ${options.idleConnections}, for no process may open more (ulimit -Hn)`,
    );
  const systems = SYSTEMS.filter((name) => name !== 'nginx' || tools.has('nginx'));
  if (systems.length < SYSTEMS.length) say('connections: WITHOUT nginx, which is not there');
  const samples: ConnectionSample[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    for (const name of rotated(systems, round - 1)) {
      const sample = await measureSystem(run, name, round, connections);
      const { rss_mb, kb_per_connection, before, beside } = sample;
      say(
        `connections, ${name}, round ${round}: ${rss_mb.toFixed(0)} MB with ${connections}, ` +
          `${kb_per_connection.toFixed(1)} KB each; p99 ${before.p99_ms?.toFixed(1)} ms before, ` +
          `${beside.p99_ms?.toFixed(1)} ms beside them`,
      );
      samples.push(sample);
    }
  }
  return samples;
}

async function measureSystem(
  run: CostRun,
  name: ConnectionSystem,
  round: number,
  connections: number,
): Promise<ConnectionSample> {
  const { bodies, directory, options, signal } = run;
  await using started = new AsyncDisposableStack();
  const system = started.use(await (name === 'turntable' ? startOurs(run) : startPeer(run)));
  const logFile = join(directory, 'idle-connections.log');
  const holder = started.use(
    await startProcess(process.execPath, [IDLE_CONNECTIONS], { logFile, ipc: true }),
  );
  const tell = (command: ConnectionCommand) => {
    const answer = holder.nextMessage(signal) as Promise<ConnectionAnswer>;
    holder.child.send(command);
    return answer;
  };
  const inferUrl = new URL(`${system.origin}/v2/models/${MODEL}/infer`);
  const body = bodies[0] as string;
  const request =
    `POST ${inferUrl.pathname} HTTP/1.1\r\nHost: ${inferUrl.host}\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  const load = () => measureLatency(run, inferUrl.href, round);

  await load();
  const countedBefore = await system.counts?.();
  const before = await load();
  await system.collect?.();
  const rss_before_mb = system.rssMb();
  const opened = await tell({ kind: 'open', port: Number(inferUrl.port), connections, request });
  await sleep(options.settleMs, undefined, { signal });
  const rss_mb = system.rssMb();
  const beside = await load();
  await system.collect?.();
  const rss_after_gc_mb = system.collect ? system.rssMb() : null;
  const again = await tell({ kind: 'ask', connections: Math.min(ASKED_AGAIN, connections), request });
  const left = again.open;
  const sent = [before.requests, beside.requests, opened.asked, again.asked].reduce(
    (sum, one) => sum + one,
    0,
  );
  await sleep(LAST_WORD_MS, undefined, { signal });
  const countedAfter = await system.counts?.();
  await tell({ kind: 'close' });
  return {
    ...{ system: name, round, connections, rss_before_mb, rss_mb, rss_after_gc_mb },
    kb_per_connection: ((rss_mb - rss_before_mb) * 1_000) / connections,
    ...{ before, beside, closed: connections - left },
    ...{ asked: opened.asked + again.asked, answered: opened.answered + again.answered },
    miscounted: countedBefore && countedAfter ? countedAfter.answered - countedBefore.answered - sent : null,
    left_in_flight: countedAfter?.inFlight ?? null,
  };
}

async function measureLatency(
  { bodies, options, signal }: CostRun,
  url: string,
  round: number,
): Promise<Latency> {
  const buffers = bodies.map((body) => Buffer.from(body));
  const random = seededRandom(options.seed + round);
  const result = await runOpenLoop({
    ...{ urls: [url], signal, body: (index) => buffers[index % buffers.length] as Buffer },
    arrivalsMs: poissonArrivals(REQUESTS_PER_SECOND, options.seconds, random),
  });
  const answered = result.latencyMs.filter((_, index) => result.status[index] === 200).sort();
  return {
    ...{ requests: result.status.length, failed: result.status.length - answered.length },
    ...{ p50_ms: percentile(answered, 0.5), p99_ms: percentile(answered, 0.99), lag_ms: result.lagMs },
  };
}

async function startOurs({ directory, options, signal }: CostRun): Promise<System> {
  const probes = makeProbes(directory, signal);
  const server = await startTurntable(
    {
      ...{
        models: [MODEL],
        repository: options.models,
        replicas: WORKERS,
        directory,
        preload: probes.preload,
      },
      flags: ['--headers-timeout-ms', String(HEADERS_TIMEOUT_MS)],
    },
    signal,
  );
  const { origin } = new URL(server.inferUrl);
  return {
    ...{ name: 'turntable', origin },
    rssMb: () => residentMb(server.gatewayPid),
    collect: () => probes.ask(server.gatewayPid, 'collect'),
    async counts() {
      const metrics = await readMetrics(origin, signal);
      const workers = await readWorkers(origin, signal);
      return {
        answered: metricSum(metrics, 'turntable_requests_total', 'status="200"'),
        inFlight:
          metricSum(metrics, 'turntable_requests_in_flight') +
          workers.reduce((sum, { current_requests }) => sum + current_requests, 0),
      };
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

async function startPeer({ directory, options, signal }: CostRun): Promise<System> {
  await using started = new AsyncDisposableStack();
  const own = join(directory, `nginx-${performance.now()}`);
  mkdirSync(own);
  const model = join(options.models, MODEL, '1', 'model.onnx');
  const workers = await Promise.all(
    Array.from({ length: WORKERS }, async (_, index) =>
      started.use(await startPlainWorker(model, join(own, `worker-${index}.sock`), own, signal)),
    ),
  );
  const proxy = started.use(
    await startNginxProxy({ workers: workers.map(({ address }) => address), directory: own }, signal),
  );
  const owned = started.move();
  return {
    ...{ name: 'nginx', origin: proxy.url, collect: null, counts: null },
    rssMb: () =>
      [proxy.pid, ...descendantsOf(readProcessTable(), proxy.pid)].reduce(
        (sum, pid) => sum + residentMb(pid),
        0,
      ),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
