/** Steady load on a server under test, by clients that each send their next request when the last is answered. */

import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';

const ROOT = new URL('../..', import.meta.url);

/** A request that the example model `fraud` answers with the labels 1 and 0. */
const FRAUD_REQUEST = readFileSync(new URL('examples/requests/fraud.json', ROOT));

export interface LoadResult {
  readonly answered: number;
  /** What went wrong, request by request. */
  readonly failures: readonly string[];
}

export interface Load {
  /** Requests answered so far. */
  readonly answered: number;
  /** Ends the load once what is under way is answered. */
  stop(): Promise<LoadResult>;
}

export interface LoadOptions {
  readonly url: string;
  readonly path?: string;
  readonly body?: Buffer;
  readonly clients?: number;
  /** Says what is wrong with an answer, if anything. */
  readonly check?: (status: number, body: string) => string | undefined;
}

export function startLoad(options: LoadOptions): Load {
  const {
    url,
    path = '/v2/models/fraud/infer',
    body = FRAUD_REQUEST,
    clients = 16,
    check = (status, text) =>
      status === 200 && text.includes('"data":[1,0]') ? undefined : `${status} ${text.slice(0, 300)}`,
  } = options;
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const failures: string[] = [];
  let answered = 0;
  let stopped = false;

  const once = () =>
    new Promise<void>((resolve) => {
      const settle = (failure: string | undefined) => {
        answered++;
        if (failure !== undefined) failures.push(failure);
        resolve();
      };
      const headers = { 'content-type': 'application/json', 'content-length': body.length };
      const req = request(new URL(path, url), { method: 'POST', agent, headers }, (res) => {
        let text = '';
        res.setEncoding('utf8');
        res.on('data', (chunk: string) => {
          text += chunk;
        });
        res.on('end', () => settle(check(res.statusCode ?? 0, text)));
        res.on('error', (error) => settle(error.message));
      });
      req.on('error', (error) => settle(error.message));
      req.end(body);
    });
  const client = async () => {
    while (!stopped) await once();
  };
  const running = Array.from({ length: clients }, client);

  return {
    get answered() {
      return answered;
    },
    async stop() {
      stopped = true;
      await Promise.all(running);
      agent.destroy();
      return { answered, failures };
    },
  };
}
