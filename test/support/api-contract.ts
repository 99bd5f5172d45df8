/** Holds what a server answers against an OpenAPI document: status, headers, content type and body. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';

type Json = Readonly<Record<string, unknown>>;

interface MediaType {
  readonly schema?: Json;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}

interface Answer {
  readonly headers?: Readonly<Record<string, { readonly required?: boolean }>>;
  readonly content?: Readonly<Record<string, MediaType>>;
}

export interface DocumentedOperation {
  readonly operationId: string;
  readonly method: string;
  /** With parameters in braces. */
  readonly path: string;
  readonly tags: readonly string[];
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, MediaType>> };
  readonly responses: Readonly<Record<string, Answer>>;
}

/** Headers of our own: where one is sent, it must be documented. */
const OUR_HEADERS = ['x-request-id', 'retry-after', 'inference-header-content-length'];

export class ApiContract {
  readonly operations: readonly DocumentedOperation[];
  /** Answers that were checked, as `operationId status`. */
  readonly seen = new Set<string>();
  readonly #components: Json;
  readonly #ajv: Ajv2020;

  constructor(document: object) {
    const closed = closeObjects(document) as { paths: Json; components: Json };
    this.#components = closed.components;
    this.#ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });
    this.#ajv.addKeyword('components');
    this.#ajv.addFormat('date-time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    this.operations = Object.entries(closed.paths).flatMap(([path, methods]) =>
      Object.entries(methods as Json).map(([method, operation]) => ({
        parameters: [],
        ...(operation as Omit<DocumentedOperation, 'method' | 'path' | 'parameters'>),
        method: method.toUpperCase(),
        path,
      })),
    );
  }

  operation(operationId: string): DocumentedOperation {
    const found = this.operations.find((one) => one.operationId === operationId);
    if (!found) throw new Error(`no operation ${operationId} is documented`);
    return found;
  }

  /** Every answer that is documented, as `operationId status`. */
  get documented(): string[] {
    return this.operations.flatMap(({ operationId, responses }) =>
      Object.keys(responses).map((status) => `${operationId} ${status}`),
    );
  }

  /** Every body with a schema or an example, with where it stands. */
  get mediaTypes(): { readonly where: string; readonly media: MediaType }[] {
    return this.operations.flatMap(({ operationId, requestBody, responses }) =>
      [
        [`${operationId} request`, requestBody] as const,
        ...Object.entries(responses).map(([status, answer]) => [`${operationId} ${status}`, answer] as const),
      ].flatMap(([where, body]) =>
        Object.entries(body?.content ?? {}).map(([type, media]) => ({ where: `${where} ${type}`, media })),
      ),
    );
  }

  /**
   * Asks a server and checks its answer; gives the answer with its body.
   * @throws when anything about it is not as documented
   */
  async ask(server: string, operationId: string, request: ApiRequest = {}): Promise<CheckedAnswer> {
    const { method, path } = this.operation(operationId);
    const { values = {}, ...init } = request;
    const target = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ''));
    const response = await fetch(server + target, { method, ...init });
    const body = Buffer.from(await response.arrayBuffer());
    return this.check(operationId, response.status, response.headers, body);
  }

  check(operationId: string, status: number, headers: Headers, body: Buffer): CheckedAnswer {
    const where = `${operationId} ${status}`;
    const answer = this.operation(operationId).responses[status];
    if (!answer) throw new Error(`${where} is not documented; it says: ${body}`);
    this.#checkHeaders(where, answer, headers);
    const type = headers.get('content-type')?.split(';', 1)[0];
    if (answer.content === undefined) {
      if (body.length > 0) throw new Error(`${where} has a body that is not documented: ${body}`);
    } else {
      const media = answer.content[type ?? ''];
      if (!media) throw new Error(`${where}: content type ${type} is not documented`);
      if (type?.endsWith('json')) this.validate(media.schema ?? {}, JSON.parse(body.toString('utf8')), where);
    }
    this.seen.add(where);
    return { status, headers, body, type };
  }

  /** @throws when the value does not satisfy the schema, or has fields that it does not name */
  validate(schema: Json, value: unknown, where: string): void {
    const validate = this.#compile(schema);
    if (!validate(value)) throw new Error(`${where}: ${this.#ajv.errorsText(validate.errors)}`);
  }

  #compile(schema: Json): ValidateFunction {
    return this.#ajv.compile({ ...schema, components: this.#components });
  }

  #checkHeaders(where: string, answer: Answer, headers: Headers): void {
    const documented = Object.entries(answer.headers ?? {});
    for (const [name, { required }] of documented) {
      if (required && !headers.has(name)) throw new Error(`${where} lacks the header ${name}`);
    }
    for (const name of OUR_HEADERS) {
      if (headers.has(name) && !documented.some(([one]) => one.toLowerCase() === name)) {
        throw new Error(`${where} has the header ${name}, which is not documented`);
      }
    }
  }
}

export interface ApiRequest {
  /** Of the path's parameters. */
  readonly values?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
}

export interface CheckedAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Buffer;
  /** Content type without its parameters. */
  readonly type: string | undefined;
}

/**
 * The document with every object closed to properties that it does not name. What is published stays open, so that
 * clients bear with later versions; in a test an undocumented field is a fault.
 */
function closeObjects(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(closeObjects);
  if (typeof node !== 'object' || node === null) return node;
  const copy = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, closeObjects(value)]));
  const isClosable = copy.type === 'object' && 'properties' in copy && !('additionalProperties' in copy);
  return isClosable ? { ...copy, additionalProperties: false } : copy;
}
