/** What can be learned of a server of the Open Inference Protocol that is there already: how it is, and what it serves. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { type HttpTarget, parseHttpEndpoint } from '../channel/endpoint.ts';
import { type Health, HttpProbe } from '../channel/http-probe.ts';
import { DATATYPES, type ModelSignature } from '../oip/tensor.ts';
import { TurntableError } from '../turntable-error.ts';

class AttachedServerUnreachable extends TurntableError<'UNREACHABLE'> {
  constructor(message: string, options?: { cause?: unknown }) {
    super('UNREACHABLE', message, options);
  }
}

class AttachedServerUnfit extends TurntableError<'UNFIT_SERVER'> {
  constructor(message: string) {
    super('UNFIT_SERVER', message);
  }
}

export interface AttachedModel {
  readonly platform: string;
  readonly signature: ModelSignature;
  /** Of the endpoint and of what the server says of the model. */
  readonly revision: string;
}

const METADATA_TIMEOUT_MS = 5_000;
const MAX_METADATA_BYTES = 1024 * 1024;

const Tensor = z.object({ name: z.string(), datatype: z.enum(DATATYPES), shape: z.array(z.int()) });
/** Servers leave out what their model does not tell. */
const Metadata = z.object({
  platform: z.string().default(''),
  inputs: z.array(Tensor).default([]),
  outputs: z.array(Tensor).default([]),
});

/** How a server is; unreachable, too, when it does not say so in time. */
export function healthOf(
  target: HttpTarget,
  timeoutMs: number,
): Promise<{ readonly health: Health; readonly reason: string }> {
  return new Promise((resolve) => {
    const finish = (health: Health, reason: string) => {
      clearTimeout(timer);
      probe.close();
      resolve({ health, reason });
    };
    const timer = setTimeout(() => finish('unreachable', `no answer for ${timeoutMs} ms`), timeoutMs);
    const probe = new HttpProbe({ target, onHealth: finish });
    probe.ask();
  });
}

/** Resolves when the server is ready. @throws AttachedServerUnreachable, AttachedServerUnfit when it is not in time */
export async function whenReady(
  endpoint: string,
  target: HttpTarget,
  { timeoutMs, everyMs }: { readonly timeoutMs: number; readonly everyMs: number },
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const { health, reason } = await healthOf(target, timeoutMs);
    if (health === 'ready') return;
    if (performance.now() > deadline) {
      if (health === 'not_ready')
        throw new AttachedServerUnfit(`the server at ${endpoint} is not ready: ${reason}`);
      throw new AttachedServerUnreachable(`no server answers at ${endpoint}: ${reason}`);
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/**
 * What the server says of a model; nothing where the endpoint is not of the protocol, and so has no metadata.
 * @throws AttachedServerUnreachable, AttachedServerUnfit when it does not serve the model or says what cannot be read
 */
export async function readAttachedModel(endpoint: string, id_model: string): Promise<AttachedModel> {
  const { path } = parseHttpEndpoint(endpoint, id_model);
  const ofProtocol = /^(\/v2\/models\/[^/]+(?:\/versions\/[^/]+)?)\/infer$/.exec(path)?.[1];
  const text = ofProtocol === undefined ? '{}' : await fetchText(new URL(ofProtocol, endpoint));
  const { platform, inputs, outputs } = readMetadata(text, endpoint, id_model);
  const digest = createHash('sha256').update(JSON.stringify([endpoint, platform, inputs, outputs]));
  return {
    platform,
    // Whether rows may be put together is for the server to know: it gets each request as it came.
    signature: { inputs, outputs, batchable: false },
    revision: digest.digest('hex').slice(0, 16),
  };
}

function readMetadata(text: string, endpoint: string, id_model: string): z.infer<typeof Metadata> {
  const unfit = (what: string) =>
    new AttachedServerUnfit(`what the server at ${endpoint} says of "${id_model}" cannot be read: ${what}`);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw unfit((error as Error).message);
  }
  const { data, error } = Metadata.safeParse(document);
  if (data) return data;
  throw unfit(error.issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`).join('; '));
}

async function fetchText(url: URL): Promise<string> {
  let status: number;
  let text = '';
  try {
    const response = await fetch(url, {
      signal: AbortSignal.timeout(METADATA_TIMEOUT_MS),
      redirect: 'error',
    });
    status = response.status;
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk as Uint8Array, { stream: true });
      if (text.length > MAX_METADATA_BYTES) break;
    }
  } catch (error) {
    const cause = (error as Error).cause as Error | undefined;
    throw new AttachedServerUnreachable(
      `${url} cannot be read: ${cause?.message || (error as Error).message}`,
      {
        cause: error,
      },
    );
  }
  if (text.length > MAX_METADATA_BYTES) {
    throw new AttachedServerUnfit(`${url} has more than ${MAX_METADATA_BYTES} bytes`);
  }
  if (status !== 200) throw new AttachedServerUnfit(`${url} answers ${status}: ${text.slice(0, 300).trim()}`);
  return text;
}
