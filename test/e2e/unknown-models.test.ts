/** Requests for models that nobody serves, each under another name: refused, and nothing of them is kept. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { metric, residentBytes } from '../support/gauges.ts';
import { type Neighbour, startNeighbour } from '../support/neighbour.ts';
import { errorOf, post, send } from '../support/oip-client.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { type TemporaryRepository, temporaryRepository } from '../support/temporary-repository.ts';

const MIB = 1024 * 1024;
const NAMES = 1_000;
const AT_ONCE = 20;

let repository: TemporaryRepository;
let server: TestServer;
let neighbour: Neighbour;

beforeAll(async () => {
  repository = temporaryRepository('fraud');
  server = await startServer({ repository: repository.path, flags: ['--replicas', '1'] });
  neighbour = await startNeighbour(server);
  // A request is counted once its answer is written, so its client may be faster; its series would appear in between.
  await eventually('a request of the neighbour to be counted', () =>
    metric(server, 'turntable_requests_total', { model: 'fraud', status: '200' }),
  );
});

afterEach(() => neighbour.isServed());

afterAll(async () => {
  await neighbour?.stop();
  await server?.close();
  repository?.remove();
});

/** Names and labels of what is measured of our own, without the values. */
async function series(): Promise<readonly string[]> {
  const text = (await send(`${server.url}/metrics`)).body.toString('utf8');
  return text.split('\n').flatMap((line) => /^turntable_\S+(?= )/.exec(line) ?? []);
}

/** Sends a request to each path; the statuses that came, each once. */
async function statusesOf(count: number, path: (i: number) => string): Promise<readonly number[]> {
  const statuses = new Set<number>();
  let next = 0;
  const client = async () => {
    while (next < count) {
      const answer = await post(`${server.url}${path(next++)}`, '{"inputs":[]}');
      statuses.add(answer.status);
      errorOf(answer);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, client));
  return [...statuses];
}

describe('a thousand of them', () => {
  it.each<[string, (i: number) => string]>([
    ['models', (i) => `/v2/models/nobody-${i}/infer`],
    ['versions of a model that is served', (i) => `/v2/models/fraud/versions/${i + 2}/infer`],
    ['names with letters of all kinds', (i) => `/v2/models/${encodeURIComponent(`"{}\n\u00e9${i}`)}/infer`],
    ['names of all objects', (i) => `/v2/models/${i % 2 ? '__proto__' : 'constructor'}/versions/${i}/infer`],
  ])('%s get 404 each, and metrics do not grow', async (_, path) => {
    await statusesOf(1, path);
    const before = await series();
    const counted = await metric(server, 'turntable_requests_total', { model: '', status: '404' });
    expect(await statusesOf(NAMES, path)).toEqual([404]);
    expect(await series()).toEqual(before);
    expect(await metric(server, 'turntable_requests_total', { model: '', status: '404' })).toBe(
      counted + NAMES,
    );
    expect(await metric(server, 'turntable_requests_waiting')).toBe(0);
  });

  it('of many kilobytes leave nothing in memory', async () => {
    const long = 'x'.repeat(14_000);
    const round = (name: string) => statusesOf(NAMES, (i) => `/v2/models/${name}-${i}-${long}/infer`);
    // What is taken once, for connections and code, is not what this is about.
    await round('first');
    const before = await residentBytes(server);
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) expect(await round(name)).toEqual([404]);
    const grown = (await residentBytes(server)) - before;
    // All names together would be 107 MiB at least; memory that was used once is not given back at once.
    expect(grown).toBeLessThan(80 * MIB);
  });
});
