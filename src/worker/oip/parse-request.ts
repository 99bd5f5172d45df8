/** The general way to read a request: any JSON that is valid, and an error that says what is wrong with the rest. */
import { DATATYPES } from '../../oip/tensor.ts';
import { describeValue, quote } from './describe-value.ts';
import { InvalidRequest } from './invalid-request.ts';
import { type JsonDocument, readJson } from './json-document.ts';
import { parseElements } from './parse-elements.ts';
import type { ParsedInput, ParsedOutput, ParsedRequest } from './parsed-request.ts';
import type { SignaturePlan, TensorPlan } from './signature-plan.ts';
import { checkShape } from './tensor-shape.ts';

/** Parameters that change what is asked for; to ignore one would be to answer another question. */
const UNSUPPORTED_PARAMETERS: ReadonlySet<string> = new Set(['shared_memory_region', 'classification']);

type JsonObject = Readonly<Record<string, unknown>>;

/**
 * Reads the JSON of a request; throws InvalidRequest.
 * Members and parameters that it does not know are ignored, save those that change what is asked for. Null stands for absent in every optional member, since
 * clients that serialise a data class write all of them.
 */
export function parseRequest(json: Buffer, plan: SignaturePlan): ParsedRequest {
  const document = readJson(json);
  const request = asObject(document.value, 'the request');
  const id = request.id ?? undefined;
  if (id !== undefined && typeof id !== 'string') {
    throw new InvalidRequest(`id must be a string, got ${describeValue(id)}`);
  }
  const parameters = parametersOf(request, 'the request');
  const binaryOutputs = boolOf(parameters, 'binary_data_output', 'the request') ?? false;
  const timeoutUs = timeoutOf(parameters);
  if (!Array.isArray(request.inputs) || request.inputs.length === 0) {
    const got = describeValue(request.inputs);
    throw new InvalidRequest(`inputs must be an array of at least one tensor, got ${got}`);
  }
  const inputs = request.inputs.map((input, i) => parseInput(input, i, document, plan));
  const outputs = request.outputs ?? undefined;
  if (outputs !== undefined && !Array.isArray(outputs)) {
    throw new InvalidRequest(`outputs must be an array, got ${describeValue(outputs)}`);
  }
  return {
    id,
    inputs,
    outputs: outputs?.map((output, i) => parseOutput(output, i, plan)),
    binaryOutputs,
    timeoutUs,
  };
}

function parseInput(
  value: unknown,
  position: number,
  document: JsonDocument,
  plan: SignaturePlan,
): ParsedInput {
  const input = asObject(value, `inputs[${position}]`);
  const { spec, index } = findTensor(input.name, plan.inputByName, `inputs[${position}]`, 'input');
  const where = `input ${quote(spec.name)}`;
  if (input.datatype !== spec.datatype) {
    const isKnown = (DATATYPES as readonly unknown[]).includes(input.datatype);
    const got = isKnown ? String(input.datatype) : `${describeValue(input.datatype)}, which is no datatype`;
    throw new InvalidRequest(`${where}: expected datatype ${spec.datatype}, got ${got}`);
  }
  const { shape, count } = checkShape(input.shape, spec);
  const binarySize = parametersOf(input, where)?.binary_data_size ?? undefined;
  const data = input.data ?? undefined;
  if (binarySize === undefined) {
    if (data === undefined) {
      throw new InvalidRequest(`${where}: data is missing, and so is parameters.binary_data_size`);
    }
    const exact = () => (document.exact() as { inputs: { data: unknown }[] }).inputs[position]!.data;
    return { index, shape, count, data: parseElements(data, exact, shape, count, spec), binarySize: 0 };
  }
  if (data !== undefined) {
    throw new InvalidRequest(`${where}: expected either data or parameters.binary_data_size, got both`);
  }
  if (!isWhole(binarySize)) {
    throw new InvalidRequest(
      `${where}: parameters.binary_data_size must be a number of bytes, got ${describeValue(binarySize)}`,
    );
  }
  return { index, shape, count, data: undefined, binarySize };
}

function parseOutput(value: unknown, position: number, plan: SignaturePlan): ParsedOutput {
  const output = asObject(value, `outputs[${position}]`);
  const { spec, index } = findTensor(output.name, plan.outputByName, `outputs[${position}]`, 'output');
  const where = `output ${quote(spec.name)}`;
  return { index, binary: boolOf(parametersOf(output, where), 'binary_data', where) };
}

function findTensor(
  name: unknown,
  byName: ReadonlyMap<string, TensorPlan>,
  where: string,
  kind: 'input' | 'output',
): TensorPlan {
  if (typeof name !== 'string') {
    throw new InvalidRequest(`${where}: name must be a string, got ${describeValue(name)}`);
  }
  const tensor = byName.get(name);
  if (tensor === undefined) {
    const known = [...byName.keys()].slice(0, 8).map(quote).join(', ');
    const more = byName.size > 8 ? `, … (${byName.size} in all)` : '';
    throw new InvalidRequest(`the model has no ${kind} ${quote(name)}; it has ${known}${more}`);
  }
  return tensor;
}

function asObject(value: unknown, where: string): JsonObject {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject;
  throw new InvalidRequest(`${where} must be a JSON object, got ${describeValue(value)}`);
}

function parametersOf(owner: JsonObject, where: string): JsonObject | undefined {
  if (owner.parameters === undefined || owner.parameters === null) return undefined;
  const parameters = asObject(owner.parameters, `${where}: parameters`);
  for (const [name, value] of Object.entries(parameters)) {
    if (UNSUPPORTED_PARAMETERS.has(name)) {
      throw new InvalidRequest(`${where}: parameter ${name} is not supported`);
    }
    if (typeof value === 'object' && value !== null) {
      throw new InvalidRequest(
        `${where}: parameter ${quote(name)} must be a string, number or boolean, got ${describeValue(value)}`,
      );
    }
  }
  return parameters;
}

function boolOf(parameters: JsonObject | undefined, name: string, where: string): boolean | undefined {
  const value = parameters?.[name] ?? undefined;
  if (value === undefined || typeof value === 'boolean') return value;
  throw new InvalidRequest(`${where}: parameter ${name} must be true or false, got ${describeValue(value)}`);
}

/** Triton's parameter, in microseconds; 0 is without end. */
function timeoutOf(parameters: JsonObject | undefined): number {
  const value = parameters?.timeout ?? 0;
  if (isWhole(value)) return value;
  throw new InvalidRequest(
    `the request: parameter timeout must be a whole number of microseconds from 0 to ${Number.MAX_SAFE_INTEGER}, ` +
      `got ${describeValue(value)}`,
  );
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
