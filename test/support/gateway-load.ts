/** Load on several gateways at once: a client whose gateway takes no connection goes to the next, as behind a balancer. */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { eventually } from './eventually.ts';

const FRAUD_REQUEST = readFileSync(new URL('../../examples/requests/fraud.json', import.meta.url));

export interface GatewayLoad {
  readonly answered: number;
  readonly failures: readonly string[];
  /** Waits until that many more requests are answered. */
  answers(more: number): Promise<void>;
  stop(): Promise<void>;
}

/** @param urls of the gateways; what is there when a request begins counts */
export function startGatewayLoad(urls: readonly string[], clients = 12): GatewayLoad {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const failures: string[] = [];
  let answered = 0;
  let stopped = false;
  const headers = { 'content-type': 'application/json', 'content-length': FRAUD_REQUEST.length };

  /** What went wrong; undefined when it was answered, 'refused' when nobody listened. */
  const send = (url: string) =>
    new Promise<string | undefined>((resolve) => {
      const options = { method: 'POST', agent, headers };
      const req = request(`${url}/v2/models/fraud/infer`, options, (res) => {
        res.resume();
        res.on('end', () => resolve(res.statusCode === 200 ? undefined : `status ${res.statusCode}`));
        res.on('error', (error) => resolve(error.message));
      });
      req.on('error', (error: NodeJS.ErrnoException) => {
        resolve(error.code === 'ECONNREFUSED' ? 'refused' : `${error.code}: ${error.message}`);
      });
      req.end(FRAUD_REQUEST);
    });
  const once = async (turn: number) => {
    for (let i = 0; i < urls.length; i++) {
      const failure = await send(urls[(turn + i) % urls.length] as string);
      if (failure === 'refused') continue;
      if (failure !== undefined) failures.push(failure);
      answered++;
      return;
    }
    failures.push('no gateway listens');
  };
  const client = async (_: unknown, first: number) => {
    for (let turn = first; !stopped; turn++) await once(turn);
  };
  const running = Array.from({ length: clients }, client);

  return {
    get answered() {
      return answered;
    },
    failures,
    answers(more) {
      const wanted = answered + more;
      return eventually(`${more} more answers`, () => answered >= wanted, 20_000).then(() => {});
    },
    async stop() {
      stopped = true;
      await Promise.all(running);
      agent.destroy();
    },
  };
}
