/** What a request asks for by header, how long it waits and how important it is: nonsense is refused before its body. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { metric } from '../support/gauges.ts';
import { type Neighbour, startNeighbour } from '../support/neighbour.ts';
import { errorOf, infer, post } from '../support/oip-client.ts';
import { postHead, RawConnection } from '../support/raw-connection.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { type TemporaryRepository, temporaryRepository } from '../support/temporary-repository.ts';

const TIMEOUT = 'x-request-timeout-ms';
const PRIORITY = 'x-request-priority';
const PATH = '/v2/models/echo/infer';
const X = { name: 'x', datatype: 'FP32', shape: [1, 1], data: [5] };
const BODY = JSON.stringify({ inputs: [X] });
const A_YEAR_MS = String(365 * 24 * 3_600_000);

/** What is no number of the kind wanted, whatever its bounds. */
const NONSENSE: [string, string][] = [
  ['negative', '-1'],
  ['with a sign', '+1'],
  ['a word', 'soon'],
  ['a fraction', '1.5'],
  ['empty', ''],
  ['with a unit', '5ms'],
  ['a list', '1, 2'],
  ['two numbers', '1 2'],
  ['hexadecimal', '0x5'],
  ['with an exponent', '1e3'],
  ['no number', 'NaN'],
  ['without an end', 'Infinity'],
  ['of sixty digits', '9'.repeat(60)],
  ['of zeros without end', '0'.repeat(8_000)],
  ['in digits that are not ASCII', '\u00b2'],
];

let repository: TemporaryRepository;
let server: TestServer;
let neighbour: Neighbour;

beforeAll(async () => {
  repository = temporaryRepository('fraud', 'echo', 'slow');
  server = await startServer({ repository: repository.path, flags: ['--replicas', '1'] });
  neighbour = await startNeighbour(server);
});

afterEach(() => neighbour.isServed());

afterAll(async () => {
  await neighbour?.stop();
  await server?.close();
  repository?.remove();
});

const refused = () => metric(server, 'turntable_requests_total', { model: 'echo', status: '400' });

/** The error that the head of a request alone is answered with. */
async function errorOfHead(to: TestServer, ...headers: readonly string[]): Promise<string> {
  const connection = await RawConnection.open(to);
  const length = `Content-Length: ${BODY.length}`;
  await connection.send(Buffer.from(postHead(PATH, length, ...headers), 'latin1'));
  const { status, body } = await connection.answer();
  connection.destroy();
  expect(status).toBe(400);
  return (JSON.parse(body) as { error: string }).error;
}

describe(`${TIMEOUT} that is wrong gets 400 before the body is sent`, () => {
  it.each([...NONSENSE, ['zero', '0'], ['one more than the longest', '600001'], ['a year', A_YEAR_MS]])(
    '%s',
    async (_, value) => {
      const before = await refused();
      const error = await errorOfHead(server, `${TIMEOUT}: ${value}`);
      expect(error).toContain(TIMEOUT);
      expect(error).toMatch(/milliseconds, from 1 to 600000\b/);
      expect(error.length).toBeLessThan(300);
      expect(await refused()).toBe(before + 1);
    },
  );

  it('twice, though both are right', async () => {
    expect(await errorOfHead(server, `${TIMEOUT}: 500`, `${TIMEOUT}: 500`)).toContain(TIMEOUT);
  });

  it('in other letters', async () => {
    expect(await errorOfHead(server, 'X-Request-Timeout-MS: 0')).toContain(TIMEOUT);
  });

  it('more than the configured maximum', async () => {
    const flags = ['--replicas', '1', '--max-request-timeout-ms', '90000'];
    await using strict = await startServer({ repository: repository.path, flags });
    expect(await errorOfHead(strict, `${TIMEOUT}: 90001`)).toMatch(/from 1 to 90000\b/);
    expect((await infer(strict, 'echo', [X], {}, { [TIMEOUT]: '90000' })).status).toBe(200);
  });
});

describe(`${PRIORITY} that is wrong gets 400 before the body is sent`, () => {
  it.each([...NONSENSE, ['one more than the least', '8'], ['far out of range', '99999999']])(
    '%s',
    async (_, value) => {
      const before = await refused();
      const error = await errorOfHead(server, `${PRIORITY}: ${value}`);
      expect(error).toContain(PRIORITY);
      expect(error).toMatch(/0 \(most important\) to 7\b/);
      expect(error.length).toBeLessThan(300);
      expect(await refused()).toBe(before + 1);
    },
  );

  it('twice, though both are right', async () => {
    expect(await errorOfHead(server, `${PRIORITY}: 3`, `${PRIORITY}: 3`)).toContain(PRIORITY);
  });
});

describe('a request that is refused for what it asks', () => {
  it('is not given leave to send its body', async () => {
    const connection = await RawConnection.open(server);
    const head = postHead(PATH, `Content-Length: ${BODY.length}`, 'Expect: 100-continue', `${TIMEOUT}: 0`);
    await connection.send(head);
    await connection.lastAnswer();
    expect(connection.answers().map(({ status }) => status)).toEqual([400]);
  });

  it('that sends its body all the same is followed by the next on its connection', async () => {
    const wrong = await post(`${server.url}${PATH}`, BODY, { [PRIORITY]: 'high' });
    expect(errorOf(wrong)).toContain('"high"');
    expect((await post(`${server.url}${PATH}`, BODY)).status).toBe(200);
  });
});

describe('what is within the bounds', () => {
  it.each([
    [TIMEOUT, '600000'],
    [TIMEOUT, ' 60000 '],
    [PRIORITY, '0'],
    [PRIORITY, '7'],
  ])('%s: %s is served', async (name, value) => {
    expect((await post(`${server.url}${PATH}`, BODY, { [name]: value })).status).toBe(200);
  });

  it('a time that is too short for the work ends with 504', async () => {
    const rounds = { name: 'rounds', datatype: 'INT64', shape: [1], data: [60_000] };
    const answer = await infer(server, 'slow', [rounds], {}, { [TIMEOUT]: '50' });
    expect(answer.status).toBe(504);
  });
});
