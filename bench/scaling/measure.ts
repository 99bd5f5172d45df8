/** The same server with each number of threads, in turns: one model, one number of workers. */
import { join } from 'node:path';
import { measureLoad } from '../support/measure-load.ts';
import { rotated } from '../support/statistics.ts';
import { startTurntable, type TurntableServer } from '../support/turntable-server.ts';
import { runWrk } from '../support/wrk.ts';
import type { ModelName } from './options.ts';
import type { ScalingRun, ScalingSample } from './scaling-run.ts';

const ROOT = join(import.meta.dirname, '../..');
const REPOSITORIES: Readonly<Record<ModelName, string>> = {
  fraud: join(ROOT, 'examples/models'),
  echo: join(ROOT, 'test/support/models'),
};

interface System {
  readonly threads: number;
  readonly server: TurntableServer;
}

/** All stay up, idle, while one is measured; what the idle ones cost is in each sample. */
export async function measureGroup(
  run: ScalingRun,
  model: ModelName,
  workers: number,
): Promise<ScalingSample[]> {
  const { options, bodiesFiles, say, signal } = run;
  const load = { bodiesFile: bodiesFiles[model], connections: options.connections };
  await using started = new AsyncDisposableStack();
  const systems: System[] = [];
  for (const threads of options.threads) {
    systems.push({ threads, server: started.use(await start(run, model, workers, threads)) });
  }
  say(`${model}, ${workers} ${workers === 1 ? 'worker' : 'workers'}: warming up`);
  for (const { server } of systems) {
    await runWrk({ ...load, url: server.inferUrl, seconds: options.warmUpSeconds }, signal);
  }
  const samples: ScalingSample[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    for (const { server, threads } of rotated(systems, round - 1)) {
      const idle = systems.map((one) => one.server).filter((one) => one !== server);
      const target = { system: server, idle, round };
      const sample = await measureLoad(target, { ...load, seconds: options.seconds }, signal);
      const gateway_cores = (sample.gateway_cpu_us_per_request * sample.requests_per_second) / 1e6;
      samples.push({ ...sample, model, workers, threads, gateway_cores });
      say(
        `  round ${round}, ${server.name}: ${Math.round(sample.requests_per_second)} requests/s, ` +
          `gateway ${gateway_cores.toFixed(2)} cores, ${sample.gateway_cpu_us_per_request.toFixed(1)} us a request`,
      );
    }
  }
  return samples;
}

function start(
  { directory, signal }: ScalingRun,
  model: ModelName,
  replicas: number,
  threads: number,
): Promise<TurntableServer> {
  return startTurntable(
    {
      ...{ models: [model], repository: REPOSITORIES[model], replicas, directory },
      flags: ['--gateway-threads', String(threads)],
      name: `${threads} ${threads === 1 ? 'thread' : 'threads'}`,
    },
    signal,
  );
}
