/** Runs: Turntable stays up; each peer is up for its own rounds only, in which the two take turns. */
import { join } from 'node:path';
import { assertSameAnswers } from '../overhead/agreement.ts';
import type { ModelServer } from '../peers/model-server.ts';
import { type LoadSample, measureLoad } from '../support/measure-load.ts';
import type { MeasuredSystem } from '../support/measured-system.ts';
import { rotated, spreadOf } from '../support/statistics.ts';
import { startTurntable } from '../support/turntable-server.ts';
import { runWrk } from '../support/wrk.ts';
import { type LatencySample, measureLatency } from './latency.ts';
import type { ServersOptions } from './options.ts';
import { PEER, PEERS, type PeerName } from './peers.ts';
import { type ServersRun, WORKERS } from './servers-run.ts';
import { waitUntilQuiet } from './wait-until-quiet.ts';

/** Answers for each connection that a measurement of capacity should have, or it is made longer. */
const LEAST_TURNS = 20;
/** Of fewer there is no p99. */
const LEAST_PER_SECOND = 5;

export interface CapacitySample extends LoadSample {
  readonly system: PeerName | 'turntable';
  /** Whose rounds it was measured in. */
  readonly beside: PeerName;
  readonly seconds: number;
}

export interface ServersSamples {
  /** By peer; absent where it was not to be had. */
  readonly versions: Readonly<Partial<Record<PeerName, string>>>;
  readonly capacity: readonly CapacitySample[];
  readonly latency: readonly LatencySample[];
}

type Started = Promise<ModelServer | null>;

export async function measureAll(run: ServersRun): Promise<ServersSamples> {
  const { options, directory, say, signal } = run;
  const fraudModel = join(options.models, 'fraud/1/model.onnx');
  const wanted = PEERS.filter((name) => options.peers.has(name));
  const startPeer = (name: PeerName): Started =>
    PEER[name].start({ fraudModel, workers: WORKERS, directory, say, signal }).catch((error: unknown) => {
      signal.throwIfAborted();
      // Its log ends with what went wrong.
      say(`${PEER[name].title} does not start here: ${String(error).trimEnd().split('\n').at(-1)}`);
      return null;
    });

  await using started = new AsyncDisposableStack();
  // A quick run has no time for one start after the other; idle servers disturb, and its figures mean little anyway.
  const early = new Map<PeerName, Started>();
  for (const name of options.quick ? wanted : []) early.set(name, startPeer(name));
  started.defer(async () => {
    for (const start of await Promise.allSettled(early.values())) {
      if (start.status === 'fulfilled') await start.value?.[Symbol.asyncDispose]();
    }
  });
  const server = { models: ['fraud'], repository: options.models, replicas: WORKERS, directory };
  const turntable = started.use(await startTurntable(server, signal));
  await warmUp(run, turntable);

  const versions: Partial<Record<PeerName, string>> = {};
  const capacity: CapacitySample[] = [];
  const latency: LatencySample[] = [];
  for (const name of wanted) {
    say(`starting ${PEER[name].title}`);
    const there = await (early.get(name) ?? startPeer(name));
    if (there === null) {
      say(`SKIPPED: ${PEER[name].title}, which is not to be had here`);
      continue;
    }
    await using peer = there;
    versions[name] = peer.version;
    await assertAnswers(run, turntable, peer, name);
    const seconds = secondsFor(options, await warmUp(run, peer));
    const own = await measureCapacity(run, turntable, { name, peer, seconds });
    capacity.push(...own);
    const rate = rateOf(own.filter(({ system }) => system === name));
    if (rate < LEAST_PER_SECOND) {
      say(`SKIPPED: latency of ${PEER[name].title}, which answers ${rate.toFixed(1)} requests/s here`);
      continue;
    }
    latency.push(...(await measureLatencies(run, [turntable, peer], { of: name, capacity: rate })));
  }
  if (options.ownLoads && capacity.length > 0) {
    const rate = rateOf(capacity.filter(({ system }) => system === 'turntable'));
    latency.push(...(await measureLatencies(run, [turntable], { of: 'turntable', capacity: rate })));
  }
  return { versions, capacity, latency };
}

/** @returns requests a second */
async function warmUp(run: ServersRun, system: MeasuredSystem): Promise<number> {
  const { connections, warmUpSeconds: seconds } = run.options;
  const load = { url: system.inferUrl, bodiesFile: run.bodiesFile, connections, seconds };
  const { requests, durationUs } = await runWrk(load, run.signal);
  await waitUntilQuiet(system, run.signal);
  return (requests * 1e6) / durationUs;
}

/** What is on its way at the end is not counted, and of a slow server that would be a large part. */
function secondsFor({ seconds, slowFactor, connections }: ServersOptions, perSecond: number): number {
  return perSecond * seconds < LEAST_TURNS * connections ? slowFactor * seconds : seconds;
}

async function assertAnswers(
  run: ServersRun,
  turntable: MeasuredSystem,
  peer: MeasuredSystem,
  name: PeerName,
) {
  if (PEER[name].sameModel) return assertSameAnswers([turntable, peer], run);
  // Another model has other answers; that there are any is looked at all the same.
  const [body, headers] = [run.bodies[0]!, { 'content-type': 'application/json' }];
  const answer = await fetch(peer.inferUrl, { method: 'POST', headers, body, signal: run.signal });
  const text = await answer.text();
  if (!answer.ok || !text.includes('probabilities')) {
    throw new Error(`${peer.name} answered ${answer.status}: ${text.slice(0, 500)}`);
  }
}

async function measureCapacity(
  { options, bodiesFile, say, signal }: ServersRun,
  turntable: MeasuredSystem,
  { name, peer, seconds }: { name: PeerName; peer: MeasuredSystem; seconds: number },
): Promise<CapacitySample[]> {
  const { rounds, connections } = options;
  const pair = [turntable, peer];
  const samples: CapacitySample[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const system of rotated(pair, round - 1)) {
      const idle = pair.filter((other) => other !== system);
      const load = { bodiesFile, connections, seconds: system === peer ? seconds : options.seconds };
      const sample = await measureLoad({ system, idle, round }, load, signal);
      samples.push({
        ...sample,
        system: system.name as CapacitySample['system'],
        beside: name,
        seconds: load.seconds,
      });
      await waitUntilQuiet(system, signal);
    }
    const shown = samples.slice(-pair.length).map(({ system, requests_per_second, failed }) => {
      const failures = failed === 0 ? '' : ` (${failed} FAILED)`;
      return `${system} ${Math.round(requests_per_second)} requests/s${failures}`;
    });
    say(`  capacity, round ${round}/${rounds}: ${shown.join('; ')}`);
  }
  return samples;
}

async function measureLatencies(
  run: ServersRun,
  systems: readonly MeasuredSystem[],
  { of, capacity }: { readonly of: PeerName | 'turntable'; readonly capacity: number },
): Promise<LatencySample[]> {
  const { options, say } = run;
  const bodies = run.bodies.map((body) => Buffer.from(body));
  const samples: LatencySample[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    for (const load of options.loads) {
      const point = { of, round, load, rate_per_second: load * capacity };
      for (const system of rotated(systems, round - 1)) {
        samples.push(await measureLatency({ ...run, bodies }, system, point));
        await waitUntilQuiet(system, run.signal);
      }
    }
    const shown = samples
      .slice(-options.loads.length * systems.length)
      .map(({ system, load, p99_ms, failed }) => {
        const failures = failed === 0 ? '' : ` (${failed} FAILED)`;
        return `${load} ${system} ${p99_ms?.toFixed(1) ?? 'none'}${failures}`;
      });
    say(`  p99 ms at parts of what ${of} can do, round ${round}/${options.rounds}: ${shown.join('; ')}`);
  }
  return samples;
}

function rateOf(samples: readonly CapacitySample[]): number {
  return spreadOf(samples.map((sample) => sample.requests_per_second))?.median ?? 0;
}
