/**
 * The neighbour test: small requests to one model while somebody sends 10 MB requests to another one.
 *
 * On few cores the neighbour's inference takes processor time from everybody, whatever the gateway does.
 * So the same 10 MB load is also sent to a second Turntable, which the small requests do not pass: the
 * processors are shared in the same way, and what remains of the difference is the gateway's own stall.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { BinaryInferClient } from '../support/binary-infer-client.ts';
import { type LoadSample, measureLoad } from '../support/measure-load.ts';
import { seededRandom } from '../support/random.ts';
import { rotated } from '../support/statistics.ts';
import { startTurntable } from '../support/turntable-server.ts';
import { runWrk } from '../support/wrk.ts';
import type { BenchRun } from './bench-run.ts';
import { sayLoad } from './progress.ts';

const SMALL_CONNECTIONS = 16;
/** 40,960 images of 8 x 8 float32 are 10 MiB. */
const ROWS = 40_960;
const PIXELS = 64;
const WARM_UP_SECONDS = 3;
const RETRY_MS = 100;

/** Where the neighbour sends: nowhere, through the same gateway, or through another one on the same machine. */
export const NEIGHBOURS = ['none', 'same gateway', 'other gateway'] as const;
export type Neighbour = (typeof NEIGHBOURS)[number];

export interface NeighbourSample {
  readonly neighbour: Neighbour;
  /** The small requests. */
  readonly small: LoadSample;
  /** The 10 MB requests: how many were answered with 200 in the window, how many not. */
  readonly large_completed: number;
  readonly large_failed: number;
  readonly large_mean_ms: number | null;
}

export interface NeighbourTest {
  readonly body_bytes: number;
  readonly samples: readonly NeighbourSample[];
  /** What the server said when it did not accept such a request; the test then ran with refused requests. */
  readonly refused: string | null;
}

export async function runNeighbourTest(run: BenchRun): Promise<NeighbourTest> {
  const { bodiesFile, directory, options, say, signal } = run;
  await using started = new AsyncDisposableStack();
  const repository = options.models;
  // One worker of each: this is about the gateway, and more processes than cores would only add noise.
  const both = { models: ['fraud', 'digits'], repository, replicas: 1, directory };
  const server = started.use(await startTurntable(both, signal));
  const otherServer = started.use(await startTurntable({ ...both, models: ['digits'] }, signal));

  const random = seededRandom(ROWS);
  const data = Float32Array.from({ length: ROWS * PIXELS }, () => Math.floor(random() * 17));
  const image = { name: 'image', shape: [ROWS, 1, 8, 8], data };
  const same = started.use(new BinaryInferClient(server.inferUrlOf('digits'), image));
  const other = started.use(new BinaryInferClient(otherServer.inferUrlOf('digits'), image));
  const clients = { none: null, 'same gateway': same, 'other gateway': other };

  const first = await same.send();
  await other.send();
  const refused = first.status === 200 ? null : `${first.status}: ${first.body.toString().slice(0, 300)}`;
  if (refused !== null)
    say(`  !!! the server refuses ${ROWS} rows at once (${refused}); the test runs all the same`);
  await runWrk(
    { url: server.inferUrl, bodiesFile, connections: SMALL_CONNECTIONS, seconds: WARM_UP_SECONDS },
    signal,
  );

  const samples: NeighbourSample[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    say(`neighbour, round ${round} of ${options.rounds}`);
    for (const neighbour of rotated(NEIGHBOURS, round - 1)) {
      const large = keepSending(clients[neighbour]);
      const load = { bodiesFile, connections: SMALL_CONNECTIONS, seconds: options.seconds };
      const small = await measureLoad({ system: server, idle: [otherServer], round }, load, signal).finally(
        large.stop,
      );
      const sample = { neighbour, small, ...(await large.result) };
      sayLoad(say, small, `neighbour: ${neighbour} (${sample.large_completed} large requests)`);
      samples.push(sample);
    }
  }
  return { body_bytes: same.bodyBytes, samples, refused };
}

/** Sends one request after the other until it is stopped; the one under way is waited for. */
function keepSending(client: BinaryInferClient | null) {
  let stopped = false;
  const loop = async () => {
    const counts = { large_completed: 0, large_failed: 0 };
    const start = performance.now();
    while (client !== null && !stopped) {
      const answer = await client.send().catch(() => null);
      if (answer?.status === 200) counts.large_completed++;
      else counts.large_failed++;
      // A connection that is refused at once must not become a busy loop.
      if (answer === null) await sleep(RETRY_MS);
    }
    const sent = counts.large_completed + counts.large_failed;
    return { ...counts, large_mean_ms: sent === 0 ? null : (performance.now() - start) / sent };
  };
  return {
    result: loop(),
    stop() {
      stopped = true;
    },
  };
}
