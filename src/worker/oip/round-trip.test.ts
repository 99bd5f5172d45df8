import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  DATATYPES,
  type Datatype,
  type ModelSignature,
  type Tensor,
  type TensorSpec,
} from '../../oip/tensor.ts';
import { decodeRequest, type InferRequest } from './decode-request.ts';
import { allocateElements } from './element-type.ts';
import { type EncodedResponse, encodeResponse } from './encode-response.ts';
import { InvalidRequest } from './invalid-request.ts';
import { binaryBytes } from './write-binary.ts';

const RUNS = { seed: 20260104, numRuns: 1000 };

interface Case {
  /** A model whose outputs are its inputs. */
  readonly signature: ModelSignature;
  readonly tensors: readonly Tensor[];
}

const text = fc.oneof(fc.string({ maxLength: 8 }), fc.string({ unit: 'grapheme', maxLength: 8 }));
const tellingFloat = fc.constantFrom(
  0,
  -0,
  0.1,
  0.97,
  1,
  1e-7,
  123456.78,
  16777216,
  3e9,
  2 ** -126,
  1e-45,
  65504,
);

/** Elements of random bits, which finds every corner of the floats; NaN and infinities only if asked for. */
function elementsOf(datatype: Datatype, count: number, isFiniteOnly: boolean): fc.Arbitrary<Tensor['data']> {
  if (datatype === 'BYTES') return fc.array(text, { minLength: count, maxLength: count });
  const { byteLength } = allocateElements(datatype, count);
  const bits = fc.uint8Array({ minLength: byteLength, maxLength: byteLength });
  const telling = fc.array(fc.option(tellingFloat), { minLength: count, maxLength: count });
  return fc.tuple(bits, telling).map(([bytes, floats]) => {
    const data = allocateElements(datatype, count);
    binaryBytes(data).set(datatype === 'BOOL' ? bytes.map((byte) => byte % 2) : bytes);
    floats.forEach((float, i) => {
      if (data instanceof Float32Array || data instanceof Float64Array) {
        if (float !== null || (isFiniteOnly && !Number.isFinite(data[i]))) data[i] = float ?? 1;
      } else if (datatype === 'FP16' && isFiniteOnly) {
        // The highest bit of the exponent is what every NaN and infinity has set.
        data[i] = Number(data[i]) & 0xbfff;
      }
    });
    return data;
  });
}

function caseOf({ isFiniteOnly }: { isFiniteOnly: boolean }): fc.Arbitrary<Case> {
  const drawnSpec = fc.record({
    name: fc.oneof(fc.constantFrom('x', 'input_1', '__proto__', 'a"\\/\n', 'größe'), text),
    datatype: fc.constantFrom(...DATATYPES),
    dims: fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.boolean()), { maxLength: 2 }),
  });
  const specs = fc.uniqueArray(drawnSpec, { minLength: 1, maxLength: 3, selector: (spec) => spec.name });
  return fc.tuple(specs, fc.integer({ min: 1, max: 3 }), fc.boolean()).chain(([drawn, rows, batchable]) => {
    const inputs = drawn.map(({ name, datatype, dims }): TensorSpec => {
      const shape = dims.map(([dim, isVariable]) => (isVariable ? -1 : dim));
      return { name, datatype, shape: batchable ? [-1, ...shape] : shape };
    });
    const tensors = drawn.map(({ datatype, dims }) => {
      const shape = [...(batchable ? [rows] : []), ...dims.map(([dim]) => dim)];
      const count = shape.reduce((product, dim) => product * dim, 1);
      return elementsOf(datatype, count, isFiniteOnly).map((data) => ({ shape, data }));
    });
    const signature = { inputs, outputs: inputs, batchable };
    return fc.tuple(...tensors).map((drawnTensors) => ({ signature, tensors: drawnTensors }));
  });
}

/** Encodes the tensors as a response and makes that the request of the next model in a chain. */
function encode({ signature, tensors }: Case, isBinary: (index: number) => boolean): EncodedResponse {
  const outputs = signature.outputs.map((_, index) => ({ index, binary: isBinary(index) }));
  const request: InferRequest = { id: undefined, rows: 1, inputs: [], outputs, timeoutUs: 0 };
  const { body, jsonLength } = encodeResponse(request, tensors, signature, { name: 'm', version: '1' });
  const json = Buffer.from(body.toString('utf8', 0, jsonLength).replace(/^.*?"outputs":/, '{"inputs":'));
  const binary = body.subarray(jsonLength ?? body.length);
  return {
    body: Buffer.concat([json, binary]),
    jsonLength: jsonLength === undefined ? undefined : json.length,
  };
}

function expectSame(request: InferRequest, { tensors }: Case): void {
  const exactly = ({ shape, data }: Tensor) => ({
    shape,
    type: data.constructor.name,
    bytes: binaryBytes(data).toString('hex'),
  });
  expect(request.inputs.map(exactly)).toEqual(tensors.map(exactly));
}

describe('outputs of every datatype, sent on as inputs, have the same bits', () => {
  test('in JSON', () => {
    fc.assert(
      fc.property(caseOf({ isFiniteOnly: true }), (drawn) => {
        expectSame(decodeRequest(encode(drawn, () => false).body, undefined, drawn.signature), drawn);
      }),
      RUNS,
    );
  });

  test('as binary data', () => {
    fc.assert(
      fc.property(caseOf({ isFiniteOnly: false }), (drawn) => {
        const { body, jsonLength } = encode(drawn, () => true);
        expectSame(decodeRequest(body, jsonLength, drawn.signature), drawn);
      }),
      RUNS,
    );
  });

  test('some in JSON and some as binary data', () => {
    fc.assert(
      fc.property(caseOf({ isFiniteOnly: true }), fc.nat(7), (drawn, mask) => {
        const { body, jsonLength } = encode(drawn, (index) => ((mask >> index) & 1) === 1);
        expectSame(decodeRequest(body, jsonLength, drawn.signature), drawn);
      }),
      RUNS,
    );
  });
});

describe('binary requests give a result or InvalidRequest and nothing else', () => {
  const expectDecent = (body: Buffer, jsonLength: number | undefined, signature: ModelSignature) => {
    try {
      decodeRequest(body, jsonLength, signature);
    } catch (error) {
      expect(error).toBeInstanceOf(InvalidRequest);
    }
  };

  test('when bytes are changed, cut off or counted wrong', () => {
    const changes = fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 3 });
    const lengths = fc.tuple(fc.integer({ min: -5, max: 5 }), fc.nat(5));
    fc.assert(
      fc.property(caseOf({ isFiniteOnly: false }), changes, lengths, (drawn, changed, [shift, cut]) => {
        const { body, jsonLength } = encode(drawn, () => true);
        for (const [at, byte] of changed) body[at % body.length] = byte;
        expectDecent(body.subarray(0, body.length - cut), jsonLength! + shift, drawn.signature);
        expectDecent(body.subarray(jsonLength! + cut), 0, drawn.signature);
      }),
      { ...RUNS, numRuns: 3000 },
    );
  });

  test('when they are random bytes', () => {
    const length = fc.option(fc.nat(70), { nil: undefined });
    fc.assert(
      fc.property(
        caseOf({ isFiniteOnly: true }),
        fc.uint8Array({ maxLength: 64 }),
        length,
        (drawn, bytes, jsonLength) => {
          expectDecent(Buffer.from(bytes), jsonLength, drawn.signature);
        },
      ),
      RUNS,
    );
  });
});
