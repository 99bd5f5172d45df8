/** A counted number of requests, spread evenly over several servers: in a closed loop, or in bursts. */
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface CountedLoad {
  readonly urls: readonly string[];
  readonly bodies: readonly string[];
  /** In all. */
  readonly requests: number;
  /** Requests under way at each server. */
  readonly clients: number;
  /** Pause after each burst; absent: no bursts, each client sends when it was answered. */
  readonly burstPauseMs?: number;
}

/** Resolves when all are answered; rejects when one is not answered with 200. */
export async function sendCounted(load: CountedLoad, signal: AbortSignal): Promise<void> {
  const { urls, bodies, requests, clients, burstPauseMs } = load;
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  let sent = 0;
  /** One more to each server in turn, so that their numbers differ by one at most. */
  const left = urls.map((_, index) => Math.floor((requests + index) / urls.length));
  const sendTo = async (server: number) => {
    left[server]!--;
    await post(urls[server]!, bodies[sent++ % bodies.length]!, agent, signal);
  };
  const client = async (server: number) => {
    while (left[server]! > 0) await sendTo(server);
  };
  const everywhere = (act: (server: number) => Promise<void>) =>
    Promise.all(urls.flatMap((_, server) => Array.from({ length: clients }, () => act(server))));
  try {
    if (burstPauseMs === undefined) {
      await everywhere(client);
      return;
    }
    while (left.some((count) => count > 0)) {
      await everywhere(async (server) => {
        if (left[server]! > 0) await sendTo(server);
      });
      await sleep(burstPauseMs, undefined, { signal });
    }
  } finally {
    agent.destroy();
  }
}

function post(url: string, body: string, agent: Agent, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const sent = request(url, { method: 'POST', agent, headers, signal }, (response) => {
    const { statusCode } = response;
    response.resume();
    response.on('error', reject);
    response.on('end', () => {
      if (statusCode === 200) resolve();
      else reject(new Error(`${url} answered ${statusCode}`));
    });
  });
  sent.on('error', reject);
  sent.end(body);
  return promise;
}
