/** The fast way to read a request: one pass over the bytes of what clients usually send, giving up on anything else. */
import { isSpace, JsonCursor } from './json-cursor.ts';
import type { ParsedInput, ParsedOutput, ParsedRequest } from './parsed-request.ts';
import { scanElements } from './scan-elements.ts';
import type { SignaturePlan, TensorPlan } from './signature-plan.ts';
import { countElements } from './tensor-shape.ts';

const COMMA = 44;
const COLON = 58;
const OPEN_LIST = 91;
const CLOSE_LIST = 93;
const OPEN = 123;
const CLOSE = 125;
const ID = Buffer.from('"id"');
const INPUTS = Buffer.from('"inputs"');
const OUTPUTS = Buffer.from('"outputs"');
const PARAMETERS = Buffer.from('"parameters"');
const NAME = Buffer.from('"name"');
const SHAPE = Buffer.from('"shape"');
const DATATYPE = Buffer.from('"datatype"');
const DATA = Buffer.from('"data"');
const BINARY_DATA = Buffer.from('"binary_data"');
const BINARY_DATA_SIZE = Buffer.from('"binary_data_size"');
const BINARY_DATA_OUTPUT = Buffer.from('"binary_data_output"');
const TIMEOUT = Buffer.from('"timeout"');

/**
 * Reads the JSON in the first `end` bytes of `body`; undefined whenever it is not sure that the general parser would
 * give the same result: unknown or repeated members, escapes, data before its shape, and every mistake.
 */
export function scanRequest(body: Buffer, end: number, plan: SignaturePlan): ParsedRequest | undefined {
  const cursor = new JsonCursor(body);
  let id: string | undefined;
  let inputs: ParsedInput[] | undefined;
  let outputs: ParsedOutput[] | undefined;
  let parameters: RequestParameters | undefined;
  if (!cursor.take(OPEN)) return undefined;
  do {
    if (inputs === undefined && cursor.takeKey(INPUTS)) {
      inputs = scanList(cursor, plan.inputs, plan.inputByName, scanInput);
      if (inputs === undefined) return undefined;
    } else if (outputs === undefined && cursor.takeKey(OUTPUTS)) {
      outputs = scanList(cursor, plan.outputs, plan.outputByName, scanOutput);
      if (outputs === undefined) return undefined;
    } else if (id === undefined && cursor.takeKey(ID)) {
      id = cursor.takePlainString();
      if (id === undefined) return undefined;
    } else if (parameters === undefined && cursor.takeKey(PARAMETERS)) {
      parameters = scanRequestParameters(cursor);
      if (parameters === undefined) return undefined;
    } else return undefined;
  } while (cursor.take(COMMA));
  if (!cursor.take(CLOSE) || inputs === undefined) return undefined;
  // A cursor beyond the end has taken bytes of the binary part for JSON.
  if (cursor.at !== withoutTrailingSpace(body, end)) return undefined;
  return {
    id,
    inputs,
    outputs,
    binaryOutputs: parameters?.binaryOutputs ?? false,
    timeoutUs: parameters?.timeoutUs ?? 0,
  };
}

function withoutTrailingSpace(body: Buffer, end: number): number {
  while (isSpace(body[end - 1])) end--;
  return end;
}

type ScanTensor<Parsed> = (
  cursor: JsonCursor,
  likely: TensorPlan | undefined,
  byName: ReadonlyMap<string, TensorPlan>,
) => Parsed | undefined;

/** A list of at least one tensor, which clients mostly send in the order of the signature. */
function scanList<Parsed>(
  cursor: JsonCursor,
  plans: readonly TensorPlan[],
  byName: ReadonlyMap<string, TensorPlan>,
  scan: ScanTensor<Parsed>,
): Parsed[] | undefined {
  const list: Parsed[] = [];
  if (!cursor.take(OPEN_LIST)) return undefined;
  do {
    const item = cursor.take(OPEN) ? scan(cursor, plans[list.length], byName) : undefined;
    if (item === undefined || !cursor.take(CLOSE)) return undefined;
    list.push(item);
  } while (cursor.take(COMMA));
  return cursor.take(CLOSE_LIST) ? list : undefined;
}

function scanInput(
  cursor: JsonCursor,
  likely: TensorPlan | undefined,
  byName: ReadonlyMap<string, TensorPlan>,
): ParsedInput | undefined {
  let plan: TensorPlan | undefined;
  let shape: number[] | undefined;
  let count = -1;
  let hasDatatype = false;
  let data: ParsedInput['data'];
  let binarySize: number | undefined;
  do {
    if (plan === undefined) {
      if (cursor.takeKey(NAME)) plan = scanName(cursor, likely, byName);
      if (plan === undefined) return undefined;
    } else if (shape === undefined && cursor.takeKey(SHAPE)) {
      shape = scanShape(cursor);
      if (shape === undefined) return undefined;
      count = countElements(shape, plan.spec.shape);
      if (count === -1) return undefined;
    } else if (!hasDatatype && cursor.takeKey(DATATYPE)) {
      hasDatatype = cursor.takeLiteral(plan.datatypeJson);
      if (!hasDatatype) return undefined;
    } else if (shape !== undefined && data === undefined && cursor.takeKey(DATA)) {
      data = scanElements(cursor, plan.spec.datatype, shape, count);
      if (data === undefined) return undefined;
    } else if (binarySize === undefined && cursor.takeKey(PARAMETERS)) {
      binarySize = scanParameter(cursor, BINARY_DATA_SIZE, takeWhole);
      if (binarySize === undefined) return undefined;
    } else return undefined;
  } while (cursor.take(COMMA));
  if (plan === undefined || shape === undefined || !hasDatatype) return undefined;
  if ((data === undefined) === (binarySize === undefined)) return undefined;
  return { index: plan.index, shape, count, data, binarySize: binarySize ?? 0 };
}

function scanOutput(
  cursor: JsonCursor,
  likely: TensorPlan | undefined,
  byName: ReadonlyMap<string, TensorPlan>,
): ParsedOutput | undefined {
  const plan = cursor.takeKey(NAME) ? scanName(cursor, likely, byName) : undefined;
  if (plan === undefined) return undefined;
  if (!cursor.take(COMMA)) return { index: plan.index, binary: undefined };
  const binary = cursor.takeKey(PARAMETERS) ? scanParameter(cursor, BINARY_DATA, takeBool) : undefined;
  return binary === undefined ? undefined : { index: plan.index, binary };
}

function scanName(
  cursor: JsonCursor,
  likely: TensorPlan | undefined,
  byName: ReadonlyMap<string, TensorPlan>,
): TensorPlan | undefined {
  if (likely !== undefined && cursor.takeLiteral(likely.nameJson)) return likely;
  const name = cursor.takePlainString();
  return name === undefined ? undefined : byName.get(name);
}

function scanShape(cursor: JsonCursor): number[] | undefined {
  const shape: number[] = [];
  if (!cursor.take(OPEN_LIST)) return undefined;
  if (cursor.take(CLOSE_LIST)) return shape;
  do {
    const dim = cursor.takeWhole();
    if (dim === undefined) return undefined;
    shape.push(dim);
  } while (cursor.take(COMMA));
  return cursor.take(CLOSE_LIST) ? shape : undefined;
}

interface RequestParameters {
  readonly binaryOutputs: boolean | undefined;
  readonly timeoutUs: number | undefined;
}

function scanRequestParameters(cursor: JsonCursor): RequestParameters | undefined {
  let binaryOutputs: boolean | undefined;
  let timeoutUs: number | undefined;
  if (!cursor.take(OPEN)) return undefined;
  do {
    if (binaryOutputs === undefined && cursor.takeKey(BINARY_DATA_OUTPUT)) {
      binaryOutputs = cursor.takeBool();
      if (binaryOutputs === undefined) return undefined;
    } else if (timeoutUs === undefined && cursor.takeKey(TIMEOUT)) {
      timeoutUs = cursor.takeWhole();
      if (timeoutUs === undefined) return undefined;
    } else return undefined;
  } while (cursor.take(COMMA));
  return cursor.take(CLOSE) ? { binaryOutputs, timeoutUs } : undefined;
}

/** A parameters object that holds `name` and nothing else. */
function scanParameter<Value>(
  cursor: JsonCursor,
  name: Uint8Array,
  take: (cursor: JsonCursor) => Value | undefined,
): Value | undefined {
  if (!cursor.take(OPEN) || !cursor.takeLiteral(name) || !cursor.take(COLON)) return undefined;
  const value = take(cursor);
  return cursor.take(CLOSE) ? value : undefined;
}

function takeBool(cursor: JsonCursor): boolean | undefined {
  return cursor.takeBool();
}

function takeWhole(cursor: JsonCursor): number | undefined {
  return cursor.takeWhole();
}
