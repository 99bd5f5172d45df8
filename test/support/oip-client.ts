/** An HTTP client of the inference protocol that hides nothing: status, headers and bytes as they came. */
import { Agent, type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface JsonTensor {
  readonly name: string;
  readonly datatype?: unknown;
  readonly shape?: unknown;
  readonly data?: unknown;
  readonly parameters?: object;
}

export interface AnsweredTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data: readonly (number | string | boolean)[];
  readonly parameters?: { readonly binary_data_size?: number };
}

interface Outgoing {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: Uint8Array | string;
  readonly signal?: AbortSignal;
}

const agent = new Agent({ keepAlive: true });

/** @throws when the connection ends before the whole answer has come */
export function send(url: string, { body, ...options }: Outgoing = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { agent, ...options }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks) });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** GET, its JSON. */
export async function getJson(url: string): Promise<unknown> {
  return parsed(await send(url));
}

export function post(
  url: string,
  body: Uint8Array | string = '',
  headers: OutgoingHttpHeaders = {},
): Promise<Answer> {
  return send(url, { method: 'POST', body, headers: { 'content-type': 'application/json', ...headers } });
}

/** An inference request; `model` may name a version, as `fraud/versions/1`. */
export function infer(
  server: { readonly url: string },
  model: string,
  inputs: readonly JsonTensor[],
  more: object = {},
  headers: OutgoingHttpHeaders = {},
): Promise<Answer> {
  return post(`${server.url}/v2/models/${model}/infer`, JSON.stringify({ inputs, ...more }), headers);
}

export function parsed(answer: Answer): unknown {
  return JSON.parse(answer.body.toString('utf8'));
}

/** The text of a protocol error, and proof that it is one. */
export function errorOf(answer: Answer): string {
  const document = parsed(answer) as { error?: unknown };
  if (answer.status < 400 || typeof document.error !== 'string' || Object.keys(document).length !== 1) {
    throw new Error(`not an error of the protocol: ${answer.status} ${answer.body.toString('utf8')}`);
  }
  return document.error;
}

/** The output tensors of a successful inference, in order. */
export function outputsOf(answer: Answer): readonly AnsweredTensor[] {
  if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.body.toString('utf8')}`);
  const length = answer.headers['inference-header-content-length'];
  const json = length === undefined ? answer.body : answer.body.subarray(0, Number(length));
  return (JSON.parse(json.toString('utf8')) as { outputs: AnsweredTensor[] }).outputs;
}

/** A body of JSON and binary tensors behind it, with the headers that say so. */
export function binaryRequest(document: object, ...tensors: readonly Uint8Array[]) {
  const json = Buffer.from(JSON.stringify(document));
  return {
    body: Buffer.concat([json, ...tensors]),
    headers: {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': String(json.length),
    },
  };
}

/** The bytes of each output that came in binary, in order. */
export function binaryParts(answer: Answer): readonly Buffer[] {
  let at = Number(answer.headers['inference-header-content-length']);
  const parts: Buffer[] = [];
  for (const { parameters } of outputsOf(answer)) {
    const size = parameters?.binary_data_size;
    if (size === undefined) continue;
    parts.push(answer.body.subarray(at, at + size));
    at += size;
  }
  if (at !== answer.body.length) throw new Error(`${answer.body.length - at} bytes are nobody's`);
  return parts;
}
