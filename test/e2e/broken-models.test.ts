/** Models that cannot be served, beside one that can: each is reported with its reason, and harms nobody. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startNeighbour } from '../support/neighbour.ts';
import { errorOf, getJson, infer, outputsOf, parsed, post, send } from '../support/oip-client.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { modelFile, type TemporaryRepository, temporaryRepository } from '../support/temporary-repository.ts';

let repository: TemporaryRepository;
let server: TestServer;

const INPUT = 'input { name: "x" data_type: TYPE_FP32 dims: [ -1 ] }';

/** Name, what to put there, and what the reason must say. */
const BROKEN: readonly (readonly [name: string, make: (name: string) => void, reason: RegExp])[] = [
  [
    'garbage',
    (name) => repository.write(`${name}/1/model.onnx`, 'this is no model'),
    /cannot load model\.onnx: .*Protobuf parsing failed/,
  ],
  ['empty-file', (name) => repository.write(`${name}/1/model.onnx`, ''), /cannot load model\.onnx: /],
  [
    'cut-off',
    (name) => repository.write(`${name}/1/model.onnx`, readFileSync(modelFile('fraud')).subarray(0, 50_000)),
    /cannot load model\.onnx: .*Protobuf parsing failed/,
  ],
  [
    'empty',
    (name) => repository.mkdir(name),
    /^empty: has no version directory; expected empty\/1\/model\.onnx/,
  ],
  ['no-file', (name) => repository.mkdir(`${name}/1`), /^no-file\/1\/model\.onnx: does not exist/],
  [
    'file-as-directory',
    (name) => repository.mkdir(`${name}/1/model.onnx`),
    /is a directory without a file model\.onnx/,
  ],
  [
    'loose',
    (name) => repository.write(`${name}/model.onnx`, 'x'),
    /^loose\/model\.onnx: must lie in a version directory/,
  ],
  ['bad name', (name) => repository.add('echo', name), /^"bad name" cannot be served: a model name is/],
  ['syntax', (name) => withConfig(name, 'max_batch_size: {'), /^syntax\/config\.pbtxt:1: /],
  [
    'unknown-field',
    (name) => withConfig(name, 'max_batch_sise: 8'),
    /^unknown-field\/config\.pbtxt:1: max_batch_sise: /,
  ],
  ['other-name', (name) => withConfig(name, 'name: "another"'), /config\.pbtxt:1: name: "another" differs/],
  ['other-backend', (name) => withConfig(name, 'backend: "python"'), /backend: "python" is not served/],
  [
    'missing-version',
    (name) => withConfig(name, 'version_policy { specific { versions: 7 } }'),
    /version 7 is not on disk/,
  ],
  [
    'other-input',
    (name) => withConfig(name, `max_batch_size: 4 ${INPUT.replace('"x"', '"image"')}`),
    /^other-input\/config\.pbtxt: input "image" is not in the model, which has x$/,
  ],
  [
    'other-type',
    (name) => withConfig(name, `max_batch_size: 4 ${INPUT.replace('FP32', 'INT64')}`),
    /^other-type\/config\.pbtxt: input "x" is INT64 there and FP32 in the model$/,
  ],
  [
    'other-rank',
    (name) => withConfig(name, `max_batch_size: 4 ${INPUT.replace('-1', '-1, -1')}`),
    /^other-rank\/config\.pbtxt: input "x" has shape \[-1,-1,-1\] there and \[-1,-1\] in the model$/,
  ],
];

function withConfig(name: string, config: string): void {
  repository.add('echo', name);
  repository.write(`${name}/config.pbtxt`, config);
}

beforeAll(async () => {
  repository = temporaryRepository('fraud');
  for (const [name, make] of BROKEN) make(name);
  repository.add('fixed-rows', 'batched-fixed');
  repository.write('batched-fixed/config.pbtxt', 'max_batch_size: 8');
  repository.add('lookup', 'newest-broken', '1');
  repository.write('newest-broken/2/model.onnx', 'this is no model');
  repository.write('newest-broken/config.pbtxt', 'version_policy { all {} }');
  repository.write('README.md', 'not a model');
  repository.write('.git/config', 'not a model either');
  repository.write('stray.onnx', 'meant to be one');
  server = await startServer({ repository: repository.path, flags: ['--replicas', '1'] });
});

afterAll(async () => {
  await server?.close();
  repository?.remove();
});

const index = async () =>
  parsed(await post(`${server.url}/v2/repository/index`)) as {
    name: string;
    version: string;
    state: string;
    reason: string;
  }[];

describe('a model that cannot be served', () => {
  it.each(BROKEN.map(([name, , reason]) => [name, reason] as const))(
    '%s is UNAVAILABLE with its reason',
    async (name, reason) => {
      expect((await index()).filter((one) => one.name === name)).toEqual([
        { name, version: expect.any(String), state: 'UNAVAILABLE', reason: expect.stringMatching(reason) },
      ]);
      const answer = await send(`${server.url}/v2/models/${encodeURIComponent(name)}/ready`);
      expect([answer.status, parsed(answer)]).toEqual([503, { name, ready: false }]);
    },
  );

  it('is refused at once with the same reason when it is asked', async () => {
    const answer = await infer(server, 'garbage', [
      { name: 'x', datatype: 'FP32', shape: [1, 1], data: [1] },
    ]);
    expect(answer.status).toBe(503);
    expect(errorOf(answer)).toMatch(/cannot load model\.onnx: .*Protobuf parsing failed/);
  });

  it('because it has fixed rows and is to be batched says what to set', async () => {
    const entry = (await index()).find(({ name }) => name === 'batched-fixed');
    expect(entry?.reason).toMatch(
      /max_batch_size is 8, but the model's input "x" has the fixed shape \[4,2\].*set max_batch_size to 0/,
    );
  });

  it('lies there as a file with advice where to put it; other files are nobody’s business', async () => {
    const names = (await index()).map(({ name }) => name);
    expect((await index()).find(({ name }) => name === 'stray')?.reason).toContain(
      'move it to stray/1/model.onnx',
    );
    expect(names).not.toContain('README.md');
    expect(names).not.toContain('.git');
  });

  it('in its newest version goes on being served in the others', async () => {
    const entries = (await index()).filter(({ name }) => name === 'newest-broken');
    expect(entries.map(({ version, state }) => [version, state])).toEqual([
      ['1', 'READY'],
      ['2', 'UNAVAILABLE'],
    ]);
    const input = { name: 'index', datatype: 'INT64', shape: [1], data: [3] };
    const answer = await infer(server, 'newest-broken', [input]);
    expect([parsed(answer), outputsOf(answer)[0]?.data]).toEqual([
      expect.objectContaining({ model_version: '1' }),
      [30],
    ]);
  });

  it('is not listed among those served', async () => {
    const { models } = (await getJson(`${server.url}/v2/models`)) as { models: string[] };
    expect(models).toEqual(['fraud', 'newest-broken']);
  });

  it('for several reasons has all of them in the index', async () => {
    withConfig('two-faults', 'platform: "tensorrt_plan"\nmax_batch_size: -1');
    await post(`${server.url}/v2/repository/models/two-faults/load`);
    const reason = (await index()).find(({ name }) => name === 'two-faults')?.reason;
    expect(reason).toContain('platform');
    expect(reason).toContain('max_batch_size');
  });
});

describe('the others', () => {
  it('are served, and the server is ready', async () => {
    expect((await send(`${server.url}/v2/health/ready`)).status).toBe(200);
    const neighbour = await startNeighbour(server);
    await neighbour.isServed();
    await neighbour.stop();
    const { workers } = (await getJson(`${server.url}/workers`)) as { workers: { id_model: string }[] };
    expect(workers.map(({ id_model }) => id_model).sort()).toEqual(['fraud', 'newest-broken']);
  });

  it('are told apart on the terminal from those that are not', () => {
    expect(server.output).toMatch(/^ {2}garbage version 1: UNAVAILABLE: /m);
    expect(server.output).toMatch(/^ {2}empty: UNAVAILABLE: /m);
  });
});
