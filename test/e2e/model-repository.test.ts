/** Triton's model repository over HTTP: index, load, unload, configuration and statistics, while requests go on. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type Neighbour, startNeighbour } from '../support/neighbour.ts';
import { errorOf, getJson, infer, outputsOf, parsed, post, send } from '../support/oip-client.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { type TemporaryRepository, temporaryRepository } from '../support/temporary-repository.ts';

let repository: TemporaryRepository;
let server: TestServer;
let neighbour: Neighbour;

beforeAll(async () => {
  repository = temporaryRepository('fraud', 'echo', 'lookup');
  repository.add('slow', 'broken');
  repository.write('broken/1/model.onnx', 'this is no model');
  server = await startServer({ repository: repository.path, flags: ['--replicas', '1'] });
  neighbour = await startNeighbour(server);
});

afterEach(() => neighbour.isServed());

afterAll(async () => {
  await neighbour?.stop();
  await server?.close();
  repository?.remove();
});

interface IndexEntry {
  readonly name: string;
  readonly version: string;
  readonly state: string;
  readonly reason: string;
}

const index = async (body = '') =>
  parsed(await post(`${server.url}/v2/repository/index`, body)) as readonly IndexEntry[];
const entry = async (model: string) => (await index()).find(({ name }) => name === model);
const load = (model: string, body = '') => post(`${server.url}/v2/repository/models/${model}/load`, body);
const unload = (model: string) => post(`${server.url}/v2/repository/models/${model}/unload`);
const lookUp = (value: number, model = 'lookup') =>
  infer(server, model, [{ name: 'index', datatype: 'INT64', shape: [1], data: [value] }]);

describe('the index', () => {
  it('lists every model, and says why one is not served', async () => {
    expect(await index()).toEqual([
      { name: 'broken', version: '1', state: 'UNAVAILABLE', reason: expect.stringContaining('model.onnx') },
      { name: 'echo', version: '1', state: 'READY', reason: '' },
      { name: 'fraud', version: '1', state: 'READY', reason: '' },
      { name: 'lookup', version: '1', state: 'READY', reason: '' },
    ]);
  });

  it('can be cut down to the models that are ready', async () => {
    const names = (await index('{"ready":true}')).map(({ name }) => name);
    expect(names).toEqual(['echo', 'fraud', 'lookup']);
    expect(await index('{"ready":false}')).toHaveLength(4);
  });

  it.each([
    ['[]', 'the body is to be a JSON object'],
    ['{"ready":"yes"}', '"ready" is to be true or false'],
    ['{', 'the body is not JSON'],
  ])('refuses the body %s', async (body, message) => {
    const answer = await post(`${server.url}/v2/repository/index`, body);
    expect(answer.status).toBe(400);
    expect(errorOf(answer)).toContain(message);
  });
});

describe('loading and unloading', () => {
  it('takes a model out of service and back, and says so everywhere', async () => {
    expect((await unload('lookup')).status).toBe(200);
    expect(await entry('lookup')).toMatchObject({ state: 'UNAVAILABLE', reason: 'unloaded' });
    const ready = await send(`${server.url}/v2/models/lookup/ready`);
    expect([ready.status, parsed(ready)]).toEqual([503, { name: 'lookup', ready: false }]);
    const refused = await lookUp(1);
    expect(refused.status).toBe(503);
    expect(errorOf(refused)).toContain('unloaded');
    expect((await send(`${server.url}/v2/health/ready`)).status).toBe(200);

    expect((await load('lookup', '{}')).status).toBe(200);
    // Not refused, though the gateway may have to wait for its connection to the new worker.
    expect(outputsOf(await lookUp(1))[0]?.data).toEqual([10]);
    expect(await entry('lookup')).toMatchObject({ state: 'READY', reason: '' });
  });

  it('serves a model that was put there after the start', async () => {
    repository.add('lookup', 'newcomer');
    expect((await lookUp(2, 'newcomer')).status).toBe(404);
    expect((await load('newcomer')).status).toBe(200);
    expect(outputsOf(await lookUp(2, 'newcomer'))[0]?.data).toEqual([20]);
    expect((await unload('newcomer')).status).toBe(200);
  });

  it('goes over to a newer version without refusing a request', async () => {
    let stopped = false;
    const failures: number[] = [];
    const client = (async () => {
      while (!stopped) {
        const { status } = await lookUp(3);
        if (status !== 200) failures.push(status);
      }
    })();
    repository.add('lookup', 'lookup', '2');
    expect((await load('lookup')).status).toBe(200);
    stopped = true;
    await client;
    expect(failures).toEqual([]);
    expect(parsed(await lookUp(3))).toMatchObject({ model_version: '2' });
    expect((await lookUp(3, 'lookup/versions/1')).status).toBeGreaterThanOrEqual(404);
  });

  it('leaves what is served alone when nothing has changed', async () => {
    const workers = async () =>
      ((await getJson(`${server.url}/workers`)) as { workers: { id_worker: string }[] }).workers
        .map(({ id_worker }) => id_worker)
        .filter((id) => id.startsWith('echo'));
    const before = await workers();
    expect((await load('echo')).status).toBe(200);
    expect(await workers()).toEqual(before);
  });

  it('answers with the reason when the model does not load', async () => {
    const answer = await load('broken');
    expect(answer.status).toBe(400);
    expect(errorOf(answer)).toMatch(/^failed to load "broken": version 1: .*model\.onnx/);
  });

  it('says 503 and why, wherever one asks for a model that does not load', async () => {
    for (const path of ['', '/config', '/versions/1']) {
      const answer = await send(`${server.url}/v2/models/broken${path}`);
      expect(answer.status).toBe(503);
      expect(errorOf(answer)).toMatch(/^"broken" is UNAVAILABLE: .*model\.onnx/);
    }
    const refused = await lookUp(1, 'broken');
    expect(refused.status).toBe(503);
    expect(refused.headers['retry-after']).toBeDefined();
    expect(errorOf(refused)).toContain('model.onnx');
  });

  it('serves a broken model as soon as it is mended and loaded', async () => {
    repository.add('lookup', 'broken');
    expect((await load('broken')).status).toBe(200);
    expect(outputsOf(await lookUp(5, 'broken'))[0]?.data).toEqual([50]);
    expect(await entry('broken')).toMatchObject({ state: 'READY', reason: '' });
    expect((await unload('broken')).status).toBe(200);
  });

  // Triton's clients load and then ask whether the model is ready.
  it('is ready by the time that the load is answered', async () => {
    const ready: number[] = [];
    for (let round = 0; round < 4; round++) {
      await unload('lookup');
      await load('lookup');
      ready.push((await send(`${server.url}/v2/models/lookup/ready`)).status);
    }
    expect(ready).toEqual([200, 200, 200, 200]);
  });

  // Answered before the new file was tried, a load would tell a pipeline that a broken model is live.
  it('refuses to replace a served model by a file that does not load, and goes on serving', async () => {
    repository.add('echo', 'replaced');
    expect((await load('replaced')).status).toBe(200);
    repository.write('replaced/1/model.onnx', 'this is no model');
    const answer = await load('replaced');
    const input = { name: 'x', datatype: 'FP32', shape: [1, 1], data: [7] };
    const served = await infer(server, 'replaced', [input]);
    await unload('replaced');
    expect(served.status).toBe(200);
    expect(answer.status).toBe(400);
  });

  // The answer to a load is the promise that the next request meets the new model.
  it('has replaced the model by the time that the load is answered', async () => {
    repository.add('echo', 'swapped');
    expect((await load('swapped')).status).toBe(200);
    repository.add('lookup', 'swapped');
    expect((await load('swapped')).status).toBe(200);
    const answer = await lookUp(5, 'swapped');
    await unload('swapped');
    expect(answer.status).toBe(200);
  });

  it('answers 400 for a model that is not there', async () => {
    for (const name of ['nobody', '..%2f..%2fetc', '.hidden']) {
      const answer = await load(name);
      expect(answer.status).toBe(400);
      expect(errorOf(answer)).toMatch(/^failed to load "/);
    }
    expect((await unload('never-seen')).status).toBe(400);
  });

  // Kept, each would stay in the index, in the list of models and as a label of the metrics for ever.
  it('forgets a name that was asked for and is not there', async () => {
    await load('mistyped');
    expect((await lookUp(1, 'mistyped')).status).toBe(404);
    expect(await entry('mistyped')).toBeUndefined();
  });

  it('does not pretend to override a configuration', async () => {
    const answer = await load('echo', JSON.stringify({ parameters: { config: '{"max_batch_size": 1}' } }));
    expect(answer.status).toBe(501);
    expect(errorOf(answer)).toContain('"config"');
  });

  it('refuses a body that is larger than any command', async () => {
    const answer = await load('echo', `{"parameters":{"x":"${'x'.repeat(70_000)}"}}`);
    expect(answer.status).toBe(413);
  });
});

describe('configuration and statistics', () => {
  it('gives the configuration in effect, in the form of Triton', async () => {
    const config = {
      name: 'fraud',
      platform: 'onnxruntime_onnx',
      max_batch_size: 64,
      input: [{ name: 'input', data_type: 'TYPE_FP32', dims: [30] }],
      output: [
        { name: 'label', data_type: 'TYPE_INT64', dims: [1], reshape: { shape: [] } },
        { name: 'probabilities', data_type: 'TYPE_FP32', dims: [2] },
      ],
      instance_group: [{ count: 1 }],
    };
    expect(await getJson(`${server.url}/v2/models/fraud/config`)).toMatchObject(config);
    expect(await getJson(`${server.url}/v2/models/fraud/versions/1/config`)).toMatchObject(config);
  });

  it('counts inferences, executions and failures of each version', async () => {
    interface Statistics {
      readonly model_stats: readonly {
        readonly name: string;
        readonly version: string;
        readonly inference_count: number;
        readonly execution_count: number;
        readonly last_inference: number;
        readonly inference_stats: Readonly<Record<string, { count: number; ns: number }>>;
        readonly batch_stats: readonly { batch_size: number; compute_infer: { count: number } }[];
      }[];
    }
    const read = async () => {
      const { model_stats } = (await getJson(`${server.url}/v2/models/echo/stats`)) as Statistics;
      return model_stats[0]!;
    };
    const before = await read();
    const input = { name: 'x', datatype: 'FP32', shape: [5, 2], data: Array(10).fill(1) };
    await infer(server, 'echo', [input]);
    await infer(server, 'echo', [{ ...input, shape: [5, 3] }]);
    const after = await read();
    expect(after).toMatchObject({ name: 'echo', version: '1' });
    expect(after.inference_count - before.inference_count).toBe(5);
    expect(after.execution_count - before.execution_count).toBe(1);
    expect(after.inference_stats.success!.count - before.inference_stats.success!.count).toBe(1);
    expect(after.inference_stats.fail!.count - before.inference_stats.fail!.count).toBe(1);
    expect(after.inference_stats.success!.ns).toBeGreaterThan(0);
    expect(after.batch_stats).toContainEqual(expect.objectContaining({ batch_size: 5 }));
    expect(Math.abs(after.last_inference - Date.now())).toBeLessThan(60_000);

    const all = (await getJson(`${server.url}/v2/models/stats`)) as Statistics;
    expect(all.model_stats.map(({ name }) => name)).toEqual(expect.arrayContaining(['echo', 'fraud']));
    const one = await getJson(`${server.url}/v2/models/echo/versions/1/stats`);
    expect(one).toEqual({ model_stats: [expect.objectContaining({ name: 'echo', version: '1' })] });
  });

  it('shows the workers with the fields of the process control table', async () => {
    const row = await eventually('a heartbeat', async () => {
      const { workers } = (await getJson(`${server.url}/workers`)) as { workers: Record<string, unknown>[] };
      return workers.find(({ id_model, rss_bytes }) => id_model === 'fraud' && Number(rss_bytes) > 0);
    });
    expect(row).toMatchObject({
      id_worker: expect.stringMatching(/^fraud-1-/),
      version: '1',
      status: 'ACTIVE',
      endpoint: expect.stringMatching(/^turntable\+unix:\/\/\//),
      current_requests: expect.any(Number),
      avg_latency_ms: expect.any(Number),
      last_activity: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
  });
});
