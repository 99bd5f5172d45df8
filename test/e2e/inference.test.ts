/** Inference as clients ask for it: JSON and binary tensors in both directions, chosen outputs, ids, versions. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FRAUD_FEATURES, type FraudRow, fraudRows } from '../support/fraud-rows.ts';
import { binaryParts, binaryRequest, infer, outputsOf, parsed, post } from '../support/oip-client.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { type TemporaryRepository, temporaryRepository } from '../support/temporary-repository.ts';

let repository: TemporaryRepository;
let server: TestServer;
let row: FraudRow;

beforeAll(async () => {
  repository = temporaryRepository('fraud', 'two-inputs', 'text-echo');
  repository.add('lookup', 'picky', '1');
  repository.add('echo', 'picky', '2');
  repository.write('picky/config.pbtxt', 'version_policy { all {} }');
  [row] = (await fraudRows(1)) as [FraudRow];
  server = await startServer({ repository: repository.path, flags: ['--replicas', '1'] });
});

afterAll(async () => {
  await server?.close();
  repository?.remove();
});

const fraudInput = (more: object = { data: row.features }) => ({
  name: 'input',
  datatype: 'FP32',
  shape: [1, FRAUD_FEATURES],
  ...more,
});

describe('an answer in JSON', () => {
  it('to the example request finds the fraud and not the other', async () => {
    const body = readFileSync(new URL('../../examples/requests/fraud.json', import.meta.url));
    const answer = await post(`${server.url}/v2/models/fraud/infer`, body);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(parsed(answer)).toEqual({
      model_name: 'fraud',
      model_version: '1',
      outputs: [
        { name: 'label', datatype: 'INT64', shape: [2], data: [1, 0] },
        {
          name: 'probabilities',
          datatype: 'FP32',
          shape: [2, 2],
          data: [expect.any(Number), expect.any(Number), expect.any(Number), expect.any(Number)],
        },
      ],
    });
  });

  it('carries every float32 so that it reads back as the same', async () => {
    const [label, probabilities] = outputsOf(await infer(server, 'fraud', [fraudInput()]));
    expect(label?.data).toEqual([row.label]);
    expect(probabilities?.data.map((one) => Math.fround(Number(one)))).toEqual(row.probabilities);
  });

  it('is the same for nested data, and with members in any order', async () => {
    const flat = await infer(server, 'fraud', [fraudInput()]);
    const nested = await infer(server, 'fraud', [fraudInput({ data: [row.features] })]);
    const { features: data } = row;
    const turned = { data, datatype: 'FP32', parameters: {}, shape: [1, FRAUD_FEATURES], name: 'input' };
    const reordered = await infer(server, 'fraud', [turned], { parameters: { any: 'thing' }, outputs: null });
    expect(nested.body.equals(flat.body)).toBe(true);
    expect(reordered.body.equals(flat.body)).toBe(true);
  });

  it('takes two inputs in either order', async () => {
    const x = { name: 'x', datatype: 'FP32', shape: [2, 3], data: [1, 2, 3, 4, 5, 6] };
    const factor = { name: 'factor', datatype: 'INT32', shape: [2], data: [10, -1] };
    for (const inputs of [
      [x, factor],
      [factor, x],
    ]) {
      const [y, label] = outputsOf(await infer(server, 'two-inputs', inputs));
      expect(y).toMatchObject({ shape: [2, 3], data: [10, 20, 30, -4, -5, -6] });
      expect(label).toMatchObject({ datatype: 'INT32', shape: [2], data: [10, -1] });
    }
  });

  it('holds the requested outputs and no others, in the order of the request', async () => {
    const one = await infer(server, 'fraud', [fraudInput()], { outputs: [{ name: 'probabilities' }] });
    expect(outputsOf(one).map(({ name }) => name)).toEqual(['probabilities']);
    const outputs = [{ name: 'probabilities' }, { name: 'label' }];
    const turned = await infer(server, 'fraud', [fraudInput()], { outputs });
    expect(outputsOf(turned).map(({ name }) => name)).toEqual(['probabilities', 'label']);
    const none = await infer(server, 'fraud', [fraudInput()], { outputs: [] });
    expect(outputsOf(none)).toHaveLength(2);
  });

  it('comes from the version that was asked for, and from the highest when none was', async () => {
    const versioned = await infer(server, 'picky/versions/1', [
      { name: 'index', datatype: 'INT64', shape: [1], data: [4] },
    ]);
    expect(parsed(versioned)).toMatchObject({ model_version: '1', outputs: [{ data: [40] }] });
    const highest = await infer(server, 'picky', [{ name: 'x', datatype: 'FP32', shape: [1, 1], data: [4] }]);
    expect(parsed(highest)).toMatchObject({ model_version: '2', outputs: [{ data: [4] }] });
  });

  it('is the same with a trailing slash, a query, a charset or no content type at all', async () => {
    const body = JSON.stringify({ inputs: [fraudInput()] });
    const expected = await post(`${server.url}/v2/models/fraud/infer`, body);
    for (const [path, type] of [
      ['fraud/infer/', 'application/json'],
      ['fraud/infer?trace=1', 'application/json; charset=utf-8'],
      ['fraud/versions/1/infer', 'APPLICATION/JSON;charset="UTF-8"'],
    ] as const) {
      const answer = await post(`${server.url}/v2/models/${path}`, body, { 'content-type': type });
      expect(answer.body.equals(expected.body)).toBe(true);
    }
    const untyped = await fetch(`${server.url}/v2/models/fraud/infer`, {
      method: 'POST',
      body: new TextEncoder().encode(body),
    });
    expect(await untyped.text()).toBe(expected.body.toString());
  });
});

describe('ids', () => {
  it.each(['42', 'naïve ✓ 🎉', 'quote " and \\ backslash', ''])(
    'echoes the id %j of a request',
    async (id) => {
      const answer = await infer(server, 'fraud', [fraudInput()], { id });
      expect(parsed(answer)).toMatchObject({ id });
    },
  );

  it('leaves the id out when the request has none', async () => {
    expect(parsed(await infer(server, 'fraud', [fraudInput()]))).not.toHaveProperty('id');
  });

  it('echoes X-Request-Id, also with an error', async () => {
    const headers = { 'X-Request-ID': 'order/4711:retry=2' };
    const good = await infer(server, 'fraud', [fraudInput()], {}, headers);
    const bad = await infer(server, 'fraud', [], {}, headers);
    const unknown = await infer(server, 'nobody', [], {}, headers);
    expect([good, bad, unknown].map(({ status }) => status)).toEqual([200, 400, 404]);
    for (const answer of [good, bad, unknown])
      expect(answer.headers['x-request-id']).toBe('order/4711:retry=2');
  });

  it('makes an id of its own, different each time, for who sends none', async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => infer(server, 'fraud', [fraudInput()])),
    );
    const ids = answers.map(({ headers }) => headers['x-request-id']);
    expect(new Set(ids).size).toBe(50);
    for (const id of ids) expect(id).toMatch(/^[\w-]{5,}$/);
  });
});

describe('binary tensors', () => {
  const bytes = () => new Uint8Array(Float32Array.from(row.features).buffer);
  const binaryInput = () => fraudInput({ parameters: { binary_data_size: 4 * FRAUD_FEATURES } });
  const ask = (document: object, ...tensors: Uint8Array[]) => {
    const { body, headers } = binaryRequest(document, ...tensors);
    return post(`${server.url}/v2/models/fraud/infer`, body, headers);
  };

  it('in, JSON out', async () => {
    const answer = await ask({ inputs: [binaryInput()] }, bytes());
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.headers).not.toHaveProperty('inference-header-content-length');
    expect(outputsOf(answer)[0]?.data).toEqual([row.label]);
  });

  it('JSON in, out for all outputs', async () => {
    const answer = await infer(server, 'fraud', [fraudInput()], { parameters: { binary_data_output: true } });
    expect(answer.headers['content-type']).toBe('application/octet-stream');
    const [label, probabilities] = binaryParts(answer);
    expect(label?.readBigInt64LE()).toBe(BigInt(row.label));
    expect([probabilities?.readFloatLE(0), probabilities?.readFloatLE(4)]).toEqual(row.probabilities);
    for (const output of outputsOf(answer)) expect(output).not.toHaveProperty('data');
  });

  it('in and out, behind an id of several bytes a character', async () => {
    const answer = await ask(
      {
        id: 'größer ✓',
        inputs: [binaryInput()],
        outputs: [{ name: 'probabilities', parameters: { binary_data: true } }],
      },
      bytes(),
    );
    expect(answer.body.toString('utf8')).toContain('größer ✓');
    const [probabilities] = binaryParts(answer);
    expect([probabilities?.readFloatLE(0), probabilities?.readFloatLE(4)]).toEqual(row.probabilities);
  });

  it('out for one output and JSON for the other', async () => {
    const outputs = [{ name: 'label', parameters: { binary_data: false } }, { name: 'probabilities' }];
    const answer = await infer(server, 'fraud', [fraudInput()], {
      outputs,
      parameters: { binary_data_output: true },
    });
    expect(outputsOf(answer)[0]).toMatchObject({ name: 'label', data: [row.label] });
    expect(outputsOf(answer)[1]).toMatchObject({ parameters: { binary_data_size: 8 } });
    expect(binaryParts(answer)).toHaveLength(1);
  });

  it('for one input and JSON for the other, whichever comes first', async () => {
    const x = { name: 'x', datatype: 'FP32', shape: [1, 3], parameters: { binary_data_size: 12 } };
    const factor = { name: 'factor', datatype: 'INT32', shape: [1], data: [3] };
    const tensor = new Uint8Array(Float32Array.of(1, -2, 0.5).buffer);
    for (const inputs of [
      [x, factor],
      [factor, x],
    ]) {
      const { body, headers } = binaryRequest({ inputs }, tensor);
      const answer = await post(`${server.url}/v2/models/two-inputs/infer`, body, headers);
      expect(outputsOf(answer)[0]?.data).toEqual([3, -6, 1.5]);
    }
  });

  it('for both inputs lie behind the JSON in the order of the request', async () => {
    const x = { name: 'x', datatype: 'FP32', shape: [1, 3], parameters: { binary_data_size: 12 } };
    const factor = { name: 'factor', datatype: 'INT32', shape: [1], parameters: { binary_data_size: 4 } };
    const parts = [Int32Array.of(-7), Float32Array.of(1, 2, 3)].map((part) => new Uint8Array(part.buffer));
    const { body, headers } = binaryRequest({ inputs: [factor, x] }, ...parts);
    const answer = await post(`${server.url}/v2/models/two-inputs/infer`, body, headers);
    expect(outputsOf(answer)[0]?.data).toEqual([-7, -14, -21]);
  });

  it('alone, without JSON, are a raw request of one row, answered in binary', async () => {
    const answer = await post(`${server.url}/v2/models/fraud/infer`, bytes(), {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': '0',
    });
    const [label, probabilities] = binaryParts(answer);
    expect(label?.readBigInt64LE()).toBe(BigInt(row.label));
    expect(probabilities?.readFloatLE(4)).toBe(row.probabilities[1]);
  });

  it('alone can be one string, without a length in front', async () => {
    const answer = await post(`${server.url}/v2/models/text-echo/infer`, 'schön 🎉', {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': '0',
    });
    const [same] = binaryParts(answer);
    expect(same?.readUInt32LE()).toBe(Buffer.byteLength('schön 🎉'));
    expect(same?.subarray(4).toString('utf8')).toBe('schön 🎉');
  });

  it('may come in chunks that cut through the JSON and through elements', async () => {
    const { body, headers } = binaryRequest({ inputs: [binaryInput()] }, bytes());
    const pieces = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < body.length; at += 7) controller.enqueue(body.subarray(at, at + 7));
        controller.close();
      },
    });
    const answer = await fetch(`${server.url}/v2/models/fraud/infer`, {
      method: 'POST',
      headers,
      body: pieces,
      duplex: 'half',
    });
    expect(await answer.json()).toMatchObject({ outputs: [{ data: [row.label] }, {}] });
  });
});
