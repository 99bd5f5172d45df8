/** Triton's time-out among the parameters of a request: the worker keeps to it, and refuses what is none. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { metric } from '../support/gauges.ts';
import { type Neighbour, startNeighbour } from '../support/neighbour.ts';
import { errorOf, infer, outputsOf, post } from '../support/oip-client.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { type TemporaryRepository, temporaryRepository } from '../support/temporary-repository.ts';

let repository: TemporaryRepository;
let server: TestServer;
let neighbour: Neighbour;

beforeAll(async () => {
  repository = temporaryRepository('fraud', 'slow');
  server = await startServer({ repository: repository.path, flags: ['--replicas', '1'] });
  neighbour = await startNeighbour(server);
});

afterEach(() => neighbour.isServed());

afterAll(async () => {
  await neighbour?.stop();
  await server?.close();
  repository?.remove();
});

/** About a fifth of a second of work. */
const ROUNDS = 8_000;
const slow = (timeout?: number, rounds = ROUNDS) =>
  infer(server, 'slow', [{ name: 'rounds', datatype: 'INT64', shape: [1], data: [rounds] }], {
    parameters: { timeout },
  });

describe('a request with a time-out in its body', () => {
  it('is answered when that is long, and as if there were none when it is 0', async () => {
    for (const timeout of [60_000_000, 0]) {
      expect(outputsOf(await slow(timeout))[0]?.data, String(timeout)).toEqual([ROUNDS]);
    }
  });

  it('is refused instead of run when its time is over, or is known to be too short', async () => {
    const running = slow(undefined, 10 * ROUNDS);
    await eventually(
      'one to be under way',
      async () => (await metric(server, 'turntable_requests_in_flight', { model: 'slow' })) === 1,
    );
    for (const answer of await Promise.all([slow(1_000), slow(20_000)])) {
      expect(answer.status).toBe(504);
      expect(errorOf(answer)).toContain('the time for this request is over');
    }
    expect((await running).status).toBe(200);
    // Nothing is in its way now but that a run takes longer.
    expect((await slow(20_000)).status).toBe(504);
    expect((await slow(60_000_000)).status).toBe(200);
  });
});

describe('a time-out that is none', () => {
  it.each(['-1', '0.5', '1e300', '9007199254740993', '"1000"', '"soon"', 'true'])(
    'is refused: %s',
    async (timeout) => {
      const body = `{"inputs":[{"name":"rounds","datatype":"INT64","shape":[1],"data":[1]}],"parameters":{"timeout":${timeout}}}`;
      const answer = await post(`${server.url}/v2/models/slow/infer`, body);
      expect(answer.status).toBe(400);
      expect(errorOf(answer)).toContain('parameter timeout must be a whole number of microseconds');
    },
  );
});
