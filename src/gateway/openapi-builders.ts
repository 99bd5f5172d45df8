/** The small parts that the OpenAPI document is put together from: schemas, answers, operations. */

export type Schema = Readonly<Record<string, unknown>>;
export type Schemas = Readonly<Record<string, Schema>>;

/** The little of an Operation Object that the topics set themselves. */
export interface OperationSpec {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly parameters?: readonly object[];
  readonly requestBody?: object;
  readonly responses: Readonly<Record<number, object>>;
}

export type Method = 'get' | 'post';
export type Paths = Readonly<Record<string, Partial<Record<Method, object>>>>;

export interface Example {
  readonly summary: string;
  readonly value: unknown;
}
export type Examples = Readonly<Record<string, Example>>;

export function ref(schema: string): Schema {
  return { $ref: `#/components/schemas/${schema}` };
}

/** @param optional the properties that may be missing */
export function object(description: string, properties: Schemas, optional: readonly string[] = []): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', description, ...(required.length > 0 && { required }), properties };
}

export function list(description: string, items: Schema): Schema {
  return { type: 'array', description, items };
}

export function text(description: string, ...examples: readonly string[]): Schema {
  return { type: 'string', description, ...(examples.length > 0 && { examples }) };
}

export function oneOf(description: string, values: readonly string[]): Schema {
  return { type: 'string', description, enum: values };
}

export function flag(description: string): Schema {
  return { type: 'boolean', description };
}

/** A whole number from 0, or from `minimum`. */
export function whole(description: string, minimum = 0): Schema {
  return { type: 'integer', description, minimum };
}

export function timestamp(description: string): Schema {
  return { type: 'string', format: 'date-time', description };
}

/** An answer with a body in JSON. */
export function json(description: string, schema: Schema, examples?: Examples): object {
  return { description, content: jsonContent(schema, examples) };
}

export function jsonContent(schema: Schema, examples?: Examples): object {
  return { 'application/json': { schema, ...(examples && { examples }) } };
}

const RETRY_AFTER = {
  'Retry-After': {
    description: 'Seconds after which to try again.',
    required: true,
    schema: { type: 'integer', minimum: 0 },
  },
};

/** An error of the Open Inference Protocol. @param error what it may say, as an example */
export function oipError(description: string, error: string): object {
  return {
    description,
    content: { 'application/json': { schema: ref('Error'), example: { error } } },
  };
}

/** An error of the Open Inference Protocol that may be gone a moment later. */
export function oipUnavailable(description: string, error: string): object {
  return { ...oipError(description, error), headers: RETRY_AFTER };
}

/** An error outside the protocol's paths. */
export function problem(description: string): object {
  return { description, content: { 'application/problem+json': { schema: ref('Problem') } } };
}

/** The answer to a body that does not come. */
export const BODY_TIMEOUT = oipError(
  'The request did not come in whole in time; the connection is closed.',
  'Request Timeout',
);

export function operation(tag: string, spec: OperationSpec): object {
  return { tags: [tag], ...spec };
}

const MODEL = {
  name: 'model',
  in: 'path',
  required: true,
  description: 'Name of the model: of its directory in the repository.',
  schema: { type: 'string' },
  example: 'fraud',
};

const VERSION = {
  name: 'version',
  in: 'path',
  required: true,
  description: 'Version of the model: a whole number.',
  schema: { type: 'string' },
  example: '1',
};

/** Whoever names no version gets one by this rule. */
export const DEFAULT_VERSION_RULE =
  'Without a version: the highest that is ready, else the highest that is loading, else the highest there is.';

/** One operation of one model, whichever version. */
export function onModel(tag: string, spec: OperationSpec): object {
  return operation(tag, { ...spec, parameters: [MODEL, ...(spec.parameters ?? [])] });
}

/**
 * An operation of a model at both its paths: of the version that the gateway chooses, and of a version that is named.
 * @param suffix what follows the model or the version
 */
export function onModelAndVersion(tag: string, method: Method, suffix: string, spec: OperationSpec): Paths {
  const { operationId, summary, parameters = [] } = spec;
  return {
    [`/v2/models/{model}${suffix}`]: { [method]: onModel(tag, spec) },
    [`/v2/models/{model}/versions/{version}${suffix}`]: {
      [method]: onModel(tag, {
        ...spec,
        operationId: operationId.replace('model', 'modelVersion'),
        summary: `${summary}: a version by its number`,
        parameters: [VERSION, ...parameters],
      }),
    },
  };
}

export const UNKNOWN_MODEL = oipError(
  'No model of that name, or no such version of it.',
  'unknown model "frod"; GET /v2/models lists those served',
);
