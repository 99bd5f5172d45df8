/** Triton's repository operations over HTTP: index, load and unload. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ControlTable } from '../table/control-table.ts';
import type { CommandOutcome } from '../table/model-record.ts';
import type { Fleet } from './fleet.ts';
import type { HttpErrorCode } from './http-status.ts';
import { replyError, replyJson } from './reply.ts';

/** Their bodies are a few lines at most. */
const MAX_BODY_BYTES = 64 * 1024;

/** How long connecting to a worker that is ready may take. */
const CONNECT_TIMEOUT_MS = 2_000;

const CODE_OF: Readonly<Record<Exclude<CommandOutcome, 'done'>, HttpErrorCode>> = {
  failed: 'BAD_REQUEST',
  unavailable: 'UNAVAILABLE',
  timed_out: 'TIMED_OUT',
};

type JsonObject = Readonly<Record<string, unknown>>;

export class RepositoryCommands {
  readonly #table: ControlTable;
  readonly #fleet: Fleet;
  readonly #timeoutMs: number;

  /** @param timeoutMs how long a command may take */
  constructor(table: ControlTable, fleet: Fleet, timeoutMs: number) {
    this.#table = table;
    this.#fleet = fleet;
    this.#timeoutMs = timeoutMs;
  }

  index(req: IncomingMessage, res: ServerResponse, document: (onlyReady: boolean) => object): void {
    readObject(req, res, ({ ready }) => {
      if (ready !== undefined && typeof ready !== 'boolean') {
        return replyError(res, 'BAD_REQUEST', '"ready" is to be true or false');
      }
      replyJson(res, 200, document(ready === true));
    });
  }

  handle(action: 'load' | 'unload', id_model: string, req: IncomingMessage, res: ServerResponse): void {
    readObject(req, res, ({ parameters }) => {
      const given = typeof parameters === 'object' && parameters !== null ? Object.keys(parameters) : [];
      const override = given.find((name) => name === 'config' || name.startsWith('file:'));
      if (action === 'load' && override !== undefined) {
        const what = `parameter "${override}" is not supported: models are loaded as they lie in the repository`;
        return replyError(res, 'UNSUPPORTED', what);
      }
      this.#run(action, id_model, res);
    });
  }

  #run(action: 'load' | 'unload', id_model: string, res: ServerResponse): void {
    const signal = AbortSignal.timeout(this.#timeoutMs);
    this.#table.command({ action, id_model }, signal).then(
      async ({ outcome, message }) => {
        if (outcome !== 'done') {
          replyError(res, CODE_OF[outcome], `failed to ${action} "${id_model}": ${message}`);
          return;
        }
        // The answer promises that this gateway serves it from now on.
        if (action === 'load') await this.#fleet.whenReady(id_model, CONNECT_TIMEOUT_MS);
        replyJson(res, 200, {});
      },
      (error: Error) => replyError(res, 'INTERNAL', `failed to ${action} "${id_model}": ${error.message}`),
    );
  }
}

/** Reads a small JSON object, or answers why not; an empty body is an empty object. */
function readObject(req: IncomingMessage, res: ServerResponse, use: (object: JsonObject) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  req.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
  });
  req.on('end', () => {
    if (bytes > MAX_BODY_BYTES) {
      return replyError(
        res,
        'BODY_TOO_LARGE',
        `the body has ${bytes} bytes; the limit here is ${MAX_BODY_BYTES}`,
      );
    }
    let value: unknown;
    try {
      value = bytes === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString('utf8'));
    } catch (error) {
      return replyError(res, 'BAD_REQUEST', `the body is not JSON: ${(error as Error).message}`);
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return replyError(res, 'BAD_REQUEST', 'the body is to be a JSON object');
    }
    use(value as JsonObject);
  });
}
