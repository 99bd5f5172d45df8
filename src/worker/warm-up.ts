/** First runs of a freshly loaded model: proof that it runs, that its rows are independent, and how long it takes. */
import {
  allocate,
  elementCount,
  type ModelSignature,
  type Tensor,
  type TensorData,
  type TensorSpec,
} from '../oip/tensor.ts';
import type { InferenceSession } from './inference-session.ts';
import { decodeRequest } from './oip/decode-request.ts';
import { encodeResponse } from './oip/encode-response.ts';
import { sliceRows } from './tensor-rows.ts';

/** Runs that bring the compiled code and the memory arena to their working state. */
const WARM_UP_RUNS = 20;
/** What warming up may take in all, milliseconds. */
const WARM_UP_BUDGET_MS = 500;
/** Rows run together and then singly to see whether they are independent. */
const PROBE_ROWS = 4;
/** Rows of the run that shows what rows gain by running together, and how often it is made. */
const GAIN_ROWS = 8;
const GAIN_RUNS = 5;
/** What that may take, milliseconds; a model of long runs is tried once, with fewer rows. */
const GAIN_BUDGET_MS = 200;
/** Float arithmetic in another order differs by this much at most, relative to the larger value. */
const TOLERANCE = 1e-3;
/** Of the numbers that mix made-up integers; one row of one element each is 0, 1, 1, 0 with it. */
const SEED = 0;
/** The bits of 1 in FP16. */
const FP16_ONE = 0x3c00;

export interface WarmUpResult {
  /** Shortest time of a run of one row (or of the whole fixed input), milliseconds. */
  readonly runMs: number;
  /** Why the model did not run on made-up input, where it did not. */
  readonly error: string | undefined;
}

/** Requests that go through decoding, a run and encoding until the compiler has done its work. */
const EXERCISE_REQUESTS = 300;

/**
 * Answers made-up requests from end to end, so that the first real ones do not wait for code to be compiled. To be
 * left out where the model refuses made-up input.
 */
export async function exercise(
  session: InferenceSession,
  signature: ModelSignature,
  model: { readonly name: string; readonly version: string },
  now: () => number,
): Promise<void> {
  const inputs = madeUpInputs(signature, 1).map(({ shape, data }, i) => ({
    ...(signature.inputs[i] as TensorSpec),
    shape,
    data: Array.from(data as ArrayLike<unknown>, (value) =>
      typeof value === 'bigint' ? Number(value) : value,
    ),
  }));
  const body = Buffer.from(JSON.stringify({ id: 'warm-up', inputs }));
  const begin = now();
  for (let i = 0; i < EXERCISE_REQUESTS && now() - begin < WARM_UP_BUDGET_MS; i++) {
    const request = decodeRequest(body, undefined, signature);
    const outputs = await session.run(
      request.inputs,
      request.outputs.map((output) => output.index),
    );
    encodeResponse(request, outputs, signature, model);
  }
}

/** Runs the model on made-up input until it is warm, within a budget of time. */
export async function warmUp(
  session: InferenceSession,
  signature: ModelSignature,
  now: () => number,
): Promise<WarmUpResult> {
  const inputs = madeUpInputs(signature, 1);
  const outputs = signature.outputs.map((_, i) => i);
  const begin = now();
  let runMs = Number.POSITIVE_INFINITY;
  try {
    for (let run = 0; run < WARM_UP_RUNS && now() - begin < WARM_UP_BUDGET_MS; run++) {
      const start = now();
      await session.run(inputs, outputs);
      runMs = Math.min(runMs, now() - start);
    }
  } catch (error) {
    // Some models take only some values (indices, say); that made-up ones fail says nothing of real ones.
    return { runMs: 0, error: (error as Error).message };
  }
  return { runMs, error: undefined };
}

/**
 * Whether rows run together come out as they do alone. Not so for a model whose first dimension is variable but is
 * no batch (a sequence, say); and not shown for one that refuses made-up input, which is then not relied on either.
 */
export async function hasIndependentRows(
  session: InferenceSession,
  signature: ModelSignature,
): Promise<boolean> {
  const outputs = signature.outputs.map((_, i) => i);
  const together = madeUpInputs({ ...signature, batchable: true }, PROBE_ROWS);
  try {
    const batched = await session.run(together, outputs);
    if (batched.some((output) => output.shape[0] !== PROBE_ROWS)) return false;
    for (let row = 0; row < PROBE_ROWS; row++) {
      const alone = await session.run(
        together.map((input) => ownRow(input, row)),
        outputs,
      );
      const same = alone.every((output, i) => isClose(output, sliceRows(batched[i] as Tensor, row, 1)));
      if (!same) return false;
    }
    return true;
  } catch {
    return false;
  }
}

/**
 * How many times as many rows a millisecond a batch comes to as single rows do; undefined where the model refuses the
 * made-up batch.
 * @param maxBatchRows at least 2
 * @param rowMs time of a run of one row, milliseconds
 */
export async function batchGain(
  session: InferenceSession,
  signature: ModelSignature,
  maxBatchRows: number,
  rowMs: number,
  now: () => number,
): Promise<number | undefined> {
  const affordable = Math.floor(GAIN_BUDGET_MS / Math.max(rowMs, 0.01));
  const rows = Math.min(maxBatchRows, Math.max(2, Math.min(GAIN_ROWS, affordable)));
  const inputs = madeUpInputs(signature, rows);
  const outputs = signature.outputs.map((_, i) => i);
  const begin = now();
  let runMs = Number.POSITIVE_INFINITY;
  try {
    for (let run = 0; run < GAIN_RUNS && now() - begin < GAIN_BUDGET_MS; run++) {
      const start = now();
      await session.run(inputs, outputs);
      runMs = Math.min(runMs, now() - start);
    }
  } catch {
    return undefined;
  }
  return (rows * rowMs) / runMs;
}

/** Small varied values, the same each time, in the model's shapes; variable dimensions are 1. */
function madeUpInputs(signature: ModelSignature, rows: number): Tensor[] {
  return signature.inputs.map((spec) => {
    const shape = spec.shape.map((dimension, i) => {
      if (i === 0 && signature.batchable) return rows;
      return dimension < 0 ? 1 : dimension;
    });
    return { shape, data: madeUpData(spec, elementCount(shape)) };
  });
}

function madeUpData(spec: TensorSpec, length: number): TensorData {
  const data = allocate(spec.datatype, length);
  let random = SEED;
  for (let i = 0; i < length; i++) {
    // 0 or 1, mixed so that rows differ: integers are most often indices or flags, and larger ones out of range.
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) | 0;
    const bit = random >>> 31;
    if (data instanceof Float32Array || data instanceof Float64Array) data[i] = (random >>> 8) / 2 ** 24;
    else if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[i] = BigInt(bit);
    else if (spec.datatype === 'FP16') (data as Uint16Array)[i] = bit * FP16_ONE;
    else if (Array.isArray(data)) data[i] = bit === 0 ? 'a' : 'b';
    else data[i] = bit;
  }
  return data;
}

function ownRow(input: Tensor, row: number): Tensor {
  const { shape, data } = sliceRows(input, row, 1);
  return { shape, data: data.slice() };
}

function isClose(a: Tensor, b: Tensor): boolean {
  if (a.data.length !== b.data.length) return false;
  for (let i = 0; i < a.data.length; i++) {
    const x = a.data[i];
    const y = b.data[i];
    if (x === y || (Number.isNaN(x) && Number.isNaN(y))) continue;
    if (typeof x !== 'number' || typeof y !== 'number') return false;
    if (Math.abs(x - y) > TOLERANCE * Math.max(1, Math.abs(x), Math.abs(y))) return false;
  }
  return true;
}
