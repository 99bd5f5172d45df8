/** Many clients at once on batched models: each gets the answer to its own rows, exactly as if it were alone. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FRAUD_FEATURES, type FraudRow, fraudRows } from '../support/fraud-rows.ts';
import { metric } from '../support/gauges.ts';
import { startNeighbour } from '../support/neighbour.ts';
import {
  type Answer,
  binaryParts,
  binaryRequest,
  errorOf,
  infer,
  outputsOf,
  post,
} from '../support/oip-client.ts';
import { referenceSession } from '../support/reference-session.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { type TemporaryRepository, temporaryRepository } from '../support/temporary-repository.ts';

const CLIENTS = 64;
const REQUESTS_EACH = 12;

let repository: TemporaryRepository;
let server: TestServer;
let rows: readonly FraudRow[];

beforeAll(async () => {
  repository = temporaryRepository('fraud', 'digits', 'lookup', 'text-echo');
  // Long enough for all that come together to be run together.
  repository.add('lookup', 'gathered');
  repository.write(
    'gathered/config.pbtxt',
    'max_batch_size: 32 dynamic_batching { max_queue_delay_microseconds: 100000 }',
  );
  rows = await fraudRows(1_000);
  server = await startServer({ repository: repository.path, flags: ['--replicas', '1'] });
});

afterAll(async () => {
  await server?.close();
  repository?.remove();
});

const fraudInput = (some: readonly FraudRow[]) => ({
  name: 'input',
  datatype: 'FP32',
  shape: [some.length, FRAUD_FEATURES],
  data: some.flatMap(({ features }) => features),
});

/** The values of both outputs, row by row. */
function fraudAnswers(answer: Answer) {
  const [labels, probabilities] = outputsOf(answer);
  return labels!.data.map((label, i) => ({
    label,
    probabilities: probabilities!.data.slice(2 * i, 2 * i + 2).map((one) => Math.fround(Number(one))),
  }));
}

const expected = (some: readonly FraudRow[]) =>
  some.map(({ label, probabilities }) => ({ label, probabilities }));
/** Requests that were run together with others. */
const inSharedRuns = async (model: string) => {
  const upTo = (le: string) => metric(server, 'turntable_batch_rows_bucket', { model, le });
  return (await upTo('+Inf')) - (await upTo('1'));
};

describe('64 clients at once', () => {
  it('with one different row each get their own answers, bit for bit', async () => {
    const client = async (first: number) => {
      for (let turn = 0; turn < REQUESTS_EACH; turn++) {
        const some = [rows[(first + turn * CLIENTS) % rows.length]!];
        expect(fraudAnswers(await infer(server, 'fraud', [fraudInput(some)]))).toEqual(expected(some));
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, (_, first) => client(first)));
    // Else this has proven nothing of batches.
    expect(await inSharedRuns('fraud')).toBeGreaterThan(CLIENTS);
  });

  it('with different numbers of rows, in JSON and in binary, get their own answers', async () => {
    const client = async (number: number) => {
      for (let turn = 0; turn < 4; turn++) {
        const from = (number * 13 + turn * 101) % 900;
        const some = rows.slice(from, from + 1 + ((number * 7 + turn) % 90));
        if (number % 2 === 0) {
          expect(fraudAnswers(await infer(server, 'fraud', [fraudInput(some)]))).toEqual(expected(some));
          continue;
        }
        const { data, ...input } = fraudInput(some);
        const tensor = new Uint8Array(Float32Array.from(data).buffer);
        const document = {
          inputs: [{ ...input, parameters: { binary_data_size: tensor.length } }],
          outputs: [{ name: 'probabilities', parameters: { binary_data: true } }],
        };
        const { body, headers } = binaryRequest(document, tensor);
        const [part] = binaryParts(await post(`${server.url}/v2/models/fraud/infer`, body, headers));
        const wanted = Float32Array.from(some.flatMap(({ probabilities }) => probabilities));
        expect(part!.equals(Buffer.from(wanted.buffer))).toBe(true);
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)));
  });

  it('asking for different outputs get those', async () => {
    const wanted = [['label'], ['probabilities'], ['probabilities', 'label'], ['label', 'probabilities']];
    const answers = await Promise.all(
      Array.from({ length: CLIENTS }, (_, i) =>
        infer(server, 'fraud', [fraudInput([rows[i]!])], {
          outputs: wanted[i % 4]!.map((name) => ({ name })),
        }),
      ),
    );
    for (const [i, answer] of answers.entries()) {
      const outputs = outputsOf(answer);
      expect(outputs.map(({ name }) => name)).toEqual(wanted[i % 4]);
      const label = outputs.find(({ name }) => name === 'label');
      if (label) expect(label.data).toEqual([rows[i]!.label]);
    }
  });

  it('of a model of strings get their own back', async () => {
    const answers = await Promise.all(
      Array.from({ length: CLIENTS }, (_, i) =>
        infer(server, 'text-echo', [
          { name: 'text', datatype: 'BYTES', shape: [2], data: [`client ${i}`, '🎉'.repeat(i)] },
        ]),
      ),
    );
    for (const [i, answer] of answers.entries()) {
      expect(outputsOf(answer)[0]?.data).toEqual([`client ${i}`, '🎉'.repeat(i)]);
    }
  });

  it('of a convolutional network get what it gives alone, but for the order of its sums', async () => {
    await using session = await referenceSession('digits');
    const image = (client: number) =>
      Float32Array.from({ length: 64 }, (_, i) => (Math.imul(client * 64 + i + 1, 0x9e3779b1) >>> 0) % 17);
    const answers = await Promise.all(
      Array.from({ length: CLIENTS }, (_, client) =>
        infer(server, 'digits', [
          { name: 'image', datatype: 'FP32', shape: [1, 1, 8, 8], data: [...image(client)] },
        ]),
      ),
    );
    for (const [client, answer] of answers.entries()) {
      const alone = await session.run({
        image: { type: 'float32', data: image(client), shape: [1, 1, 8, 8] },
      });
      const wanted = Array.from(alone.probabilities?.data ?? [], Number);
      expect(outputsOf(answer)[0]?.data).toEqual(wanted.map((one) => expect.closeTo(one, 5)));
    }
  });
});

describe('a request of more rows than one run takes', () => {
  it('is answered right, and small ones go on meanwhile', async () => {
    const neighbour = await startNeighbour(server);
    for (let turn = 0; turn < 3; turn++) {
      const answers = await Promise.all([0, 1, 2].map(() => infer(server, 'fraud', [fraudInput(rows)])));
      for (const answer of answers) {
        expect(outputsOf(answer).map(({ shape }) => shape)).toEqual([[1_000], [1_000, 2]]);
        expect(fraudAnswers(answer)).toEqual(expected(rows));
      }
      await neighbour.isServed();
    }
    await neighbour.stop();
  });

  it.each([63, 64, 65, 128, 129])('of %d rows has none lost at the seams', async (count) => {
    const some = rows.slice(7, 7 + count);
    expect(fraudAnswers(await infer(server, 'fraud', [fraudInput(some)]))).toEqual(expected(some));
  });
});

describe('a request that fails within the model', () => {
  const lookUp = (model: string, ...data: number[]) =>
    infer(server, model, [{ name: 'index', datatype: 'INT64', shape: [data.length], data }]);

  it('says what the model said', async () => {
    const answer = await lookUp('lookup', 99);
    expect(answer.status).toBe(500);
    expect(errorOf(answer)).toMatch(/^the model failed: .*idx=99 must be within/);
  });

  it('fails alone in a run that it shares with good ones', async () => {
    const isBad = (i: number) => i % 5 === 0;
    const answers = await Promise.all(
      Array.from({ length: CLIENTS }, (_, i) => lookUp('gathered', isBad(i) ? 99 : i % 6)),
    );
    for (const [i, answer] of answers.entries()) {
      if (isBad(i))
        expect([answer.status, errorOf(answer)]).toEqual([500, expect.stringContaining('idx=99')]);
      else expect(outputsOf(answer)[0]?.data).toEqual([(i % 6) * 10]);
    }
  });

  it('with the answer that JSON cannot hold fails alone, too', async () => {
    const answers = await Promise.all(Array.from({ length: CLIENTS }, (_, i) => lookUp('gathered', i % 8)));
    for (const [i, answer] of answers.entries()) {
      if (i % 8 >= 6) expect(answer.status).toBe(500);
      else expect(outputsOf(answer)[0]?.data).toEqual([(i % 8) * 10]);
    }
    expect(await inSharedRuns('gathered')).toBeGreaterThan(0);
  });

  it('in its last rows only fails as a whole, and once', async () => {
    const answer = await lookUp('lookup', ...Array<number>(200).fill(1), 99);
    expect(answer.status).toBe(500);
    expect(errorOf(answer)).toContain('idx=99');
    expect(outputsOf(await lookUp('lookup', 2))[0]?.data).toEqual([20]);
  });
});
