/** What the workers carry, behind the gateway: a closed loop of more clients than they can serve at once. */
import { Agent, request } from 'node:http';
import type { FaultFleet } from './fault-fleet.ts';
import { type FaultsRun, nominalPerSecond, WORKERS } from './faults-run.ts';
import { BODY } from './measure-fault.ts';

const CLIENTS = 32;
/** After a refusal a client waits, or it would do nothing else than to ask. */
const REFUSED_PAUSE_MS = 20;

export interface Capacity {
  /** Answered with 200. */
  readonly per_second: number;
  /** By the service time alone. */
  readonly nominal_per_second: number;
  readonly failed: number;
  readonly gateway_cpu_us_per_request: number;
}

export async function measureCapacity(run: FaultsRun, fleet: FaultFleet): Promise<Capacity> {
  const { options, signal } = run;
  await using held = new AsyncDisposableStack();
  const workers = await Promise.all(
    Array.from({ length: WORKERS }, async () => held.use(await fleet.startWorker())),
  );
  await fleet.whenUsed(workers.map(({ id_worker }) => id_worker));
  const agent = held.adopt(new Agent({ keepAlive: true, maxSockets: CLIENTS }), (open) => open.destroy());

  let served = 0;
  let failed = 0;
  const begin = performance.now();
  const warmUpMs = options.warmUpSeconds * 1_000;
  const measuredMs = options.capacitySeconds * 1_000;
  const endMs = begin + warmUpMs + measuredMs;
  const client = async () => {
    while (performance.now() < endMs) {
      signal.throwIfAborted();
      const status = await post(fleet.inferUrl, agent, signal);
      if (status === 200) served++;
      else {
        failed++;
        await new Promise((resolve) => setTimeout(resolve, REFUSED_PAUSE_MS));
      }
    }
  };
  const clients = Promise.all(Array.from({ length: CLIENTS }, client));
  const measured = new Promise<Capacity>((resolve) => {
    setTimeout(() => {
      const before = { served, atMs: performance.now(), cpuUs: fleet.gatewayCpuUs() };
      setTimeout(() => {
        const requests = served - before.served;
        resolve({
          per_second: (requests * 1_000) / (performance.now() - before.atMs),
          nominal_per_second: nominalPerSecond(options),
          failed,
          gateway_cpu_us_per_request: (fleet.gatewayCpuUs() - before.cpuUs) / requests,
        });
      }, measuredMs);
    }, warmUpMs);
  });
  const [capacity] = await Promise.all([measured, clients]);
  fleet.assertRunning();
  return capacity;
}

function post(url: string, agent: Agent, signal: AbortSignal): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const headers = { 'content-type': 'application/json', 'content-length': BODY.length };
  const sent = request(url, { method: 'POST', agent, headers, signal }, (response) => {
    response.resume();
    response.on('error', reject);
    response.on('end', () => resolve(response.statusCode ?? 0));
  });
  sent.on('error', reject);
  sent.end(BODY);
  return promise;
}
