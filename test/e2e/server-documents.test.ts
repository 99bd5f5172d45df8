/** The documents by which clients find out what is served: server, health, readiness, metadata, over real HTTP. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { errorOf, getJson, parsed, send } from '../support/oip-client.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { type TemporaryRepository, temporaryRepository } from '../support/temporary-repository.ts';

const FRAUD = {
  name: 'fraud',
  versions: ['1'],
  platform: 'onnxruntime_onnx',
  inputs: [{ name: 'input', datatype: 'FP32', shape: [-1, 30] }],
  outputs: [
    { name: 'label', datatype: 'INT64', shape: [-1] },
    { name: 'probabilities', datatype: 'FP32', shape: [-1, 2] },
  ],
};

let repository: TemporaryRepository;
let server: TestServer;

beforeAll(async () => {
  repository = temporaryRepository('fraud');
  for (const version of ['1', '2', '10']) repository.add('echo', 'counted', version);
  repository.write('counted/config.pbtxt', 'version_policy { latest { num_versions: 2 } }');
  server = await startServer({ repository: repository.path, flags: ['--replicas', '1'] });
});

afterAll(async () => {
  await server?.close();
  repository?.remove();
});

describe('the server', () => {
  it.each(['/v2', '/v2/'])('says at %s what it is and what it can do', async (path) => {
    expect(await getJson(server.url + path)).toEqual({
      name: 'turntable',
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      extensions: expect.arrayContaining(['binary_tensor_data', 'model_repository', 'statistics']),
    });
  });

  it('is live and ready, under the names that both the specification and KServe use', async () => {
    expect(await getJson(`${server.url}/v2/health/live`)).toMatchObject({ live: true });
    expect(await getJson(`${server.url}/v2/health/ready`)).toEqual({ ready: true, live: true });
  });

  it('lists its models as KServe does', async () => {
    expect(await getJson(`${server.url}/v2/models`)).toEqual({ models: ['counted', 'fraud'] });
  });

  it('sends people who open it in a browser to its documentation', async () => {
    const home = await send(`${server.url}/`);
    expect(home.status).toBe(302);
    const page = await send(new URL(home.headers.location as string, server.url).href);
    expect(page.status).toBe(200);
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
  });

  it('gives metrics in the form of Prometheus', async () => {
    const metrics = await send(`${server.url}/metrics`);
    expect(metrics.headers['content-type']).toMatch(/^text\/plain; version=/);
    expect(metrics.body.toString()).toMatch(/^turntable_build_info\{version="\d/m);
  });
});

describe('a model', () => {
  it.each(['/v2/models/fraud', '/v2/models/fraud/', '/v2/models/fraud/versions/1'])(
    'describes itself at %s',
    async (path) => {
      expect(await getJson(server.url + path)).toEqual(FRAUD);
    },
  );

  it.each(['/v2/models/fraud/ready', '/v2/models/fraud/versions/1/ready'])('is ready at %s', async (path) => {
    expect(await getJson(server.url + path)).toEqual({ name: 'fraud', ready: true });
  });

  it('names the versions that its policy serves, in order of number, and no others', async () => {
    expect(await getJson(`${server.url}/v2/models/counted`)).toMatchObject({ versions: ['2', '10'] });
    const unserved = await send(`${server.url}/v2/models/counted/versions/1`);
    expect(unserved.status).toBe(404);
    expect(errorOf(unserved)).toBe('unknown model "counted" version "1"; GET /v2/models lists those served');
  });

  it.each([
    '/v2/models/nobody',
    '/v2/models/nobody/ready',
    '/v2/models/nobody/stats',
    '/v2/models/nobody/config',
    '/v2/models/fraud/versions/2/ready',
    '/v2/models/fraud/versions/01',
    '/v2/models/fraud/versions/one/config',
    '/v2/models/FRAUD',
    '/v2/models/..%2ffraud',
  ])('that is not served is unknown at %s', async (path) => {
    const answer = await send(server.url + path);
    expect(answer.status).toBe(404);
    expect(errorOf(answer)).toMatch(/^unknown model "/);
  });
});

describe('methods and paths', () => {
  it.each(['/v2', '/v2/health/live', '/v2/models/fraud', '/workers', '/metrics', '/openapi.json', '/docs'])(
    'HEAD %s has the head of GET and no body',
    async (path) => {
      const [head, get] = await Promise.all([
        send(server.url + path, { method: 'HEAD' }),
        send(server.url + path),
      ]);
      expect(head.status).toBe(200);
      expect(head.body.length).toBe(0);
      expect(head.headers['content-type']).toBe(get.headers['content-type']);
      expect(Number(head.headers['content-length'])).toBeGreaterThan(0);
    },
  );

  it.each([
    ['DELETE', '/v2', 'GET, HEAD'],
    ['POST', '/v2/health/live', 'GET, HEAD'],
    ['PUT', '/v2/models/fraud', 'GET, HEAD'],
    ['GET', '/v2/models/fraud/infer', 'POST'],
    ['HEAD', '/v2/models/fraud/versions/1/infer', 'POST'],
    ['OPTIONS', '/v2/models/fraud/infer', 'POST'],
    ['GET', '/v2/repository/index', 'POST'],
    ['GET', '/v2/repository/models/fraud/load', 'POST'],
    ['POST', '/workers', 'GET, HEAD'],
  ])('%s %s is refused with the methods that are allowed', async (method, path, allow) => {
    const answer = await send(server.url + path, { method });
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe(allow);
    if (method !== 'HEAD' && path.startsWith('/v2')) expect(errorOf(answer)).toContain(allow);
  });

  it.each([
    '/v2/nothing',
    '/v2/models/fraud/versions',
    '/v2/models/fraud/nothing',
    '/v2//models',
    '/v2/models/%zz',
  ])('the unknown path %s is not found, and the error says where to look', async (path) => {
    const answer = await send(server.url + path);
    expect(answer.status).toBe(404);
    expect(errorOf(answer)).toBe(`there is nothing at ${path}; see /docs`);
  });

  it('an unknown path outside the protocol gets a problem document', async () => {
    const answer = await send(`${server.url}/favicon.ico`);
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(parsed(answer)).toMatchObject({ status: 404, title: 'Not Found' });
  });

  it('a query string changes nothing', async () => {
    expect(await getJson(`${server.url}/v2/models/fraud?verbose=1`)).toEqual(FRAUD);
  });

  it('a client of HTTP/1.0 is answered and the connection closed', async () => {
    const connection = await RawConnection.open(server);
    await connection.send('GET /v2/health/ready HTTP/1.0\r\n\r\n');
    expect(await connection.lastAnswer()).toMatchObject({ status: 200, body: '{"ready":true,"live":true}' });
  });

  // RFC 9112, section 3.2.2: a server must accept the absolute form, as it comes through proxies.
  it('a target in absolute form names the same resource', async () => {
    const connection = await RawConnection.open(server);
    await connection.send('GET http://localhost/v2/health/ready HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const answer = await connection.answer();
    connection.destroy();
    expect(answer.status).toBe(200);
  });
});
