/** The batch on real networks: Turntable's `serve` with each number of workers in turn, round by round. */
import { ensureNetwork, NETWORK_NAMES, NETWORKS, type NetworkName } from '../models/ensure-network.ts';
import { imageRequests, randomImages } from '../models/image-requests.ts';
import { rotated } from '../support/statistics.ts';
import { startTurntable, type TurntableServer } from '../support/turntable-server.ts';
import { untilActive } from '../support/until-active.ts';
import { type BatchRun, PATIENT } from './batch-run.ts';
import { runCountedLoad } from './counted-load.ts';
import { type BatchSample, measureBatch } from './measure-batch.ts';
import { sayBatch } from './progress.ts';
import { TITLES } from './timed-systems.ts';

/** Different ones, sent in turn. */
const IMAGES = 8;
/** Of each worker, before the first round: the first runs find memory and threads. */
const WARM_UP_REQUESTS = 4;

export async function measureNetworks(run: BatchRun): Promise<BatchSample[]> {
  const samples: BatchSample[] = [];
  for (const name of NETWORK_NAMES) {
    if (run.options.parts.has(name)) samples.push(...(await measureNetwork(run, name)));
  }
  return samples;
}

async function measureNetwork(run: BatchRun, name: NetworkName): Promise<BatchSample[]> {
  const { options, directory, say, signal } = run;
  const { imageSize, concurrent } = options;
  const repository = ensureNetwork(name, imageSize, say);
  const requests = imageRequests(randomImages(IMAGES, imageSize), imageSize);
  say(`${NETWORKS[name].title}: starting`);
  await using started = new AsyncDisposableStack();
  const servers: { readonly workers: number; readonly server: TurntableServer }[] = [];
  for (const workers of options.networkWorkers) {
    const server = started.use(
      await startTurntable(
        { models: [name], repository, replicas: workers, flags: PATIENT, directory },
        signal,
      ),
    );
    await untilActive(server, workers, signal);
    const count = WARM_UP_REQUESTS * workers;
    await runCountedLoad({ url: server.inferUrl, requests, concurrent: count, count }, signal);
    servers.push({ workers, server });
  }
  const samples: BatchSample[] = [];
  for (let round = 1; round <= options.networkRounds; round++) {
    for (const { workers, server } of rotated(servers, round - 1)) {
      const load = { url: server.inferUrl, requests, concurrent, count: options.requests[name] };
      const sample = await measureBatch(
        { part: name, system: TITLES.turntable, workers, round },
        load,
        signal,
      );
      server.assertRunning();
      sayBatch(say, sample);
      samples.push(sample);
    }
  }
  return samples;
}
