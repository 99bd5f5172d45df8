/** The well-behaved client beside the one that misbehaves: whatever the other does, its answers must stay right. */
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from './eventually.ts';
import { FRAUD_FEATURES, fraudRows } from './fraud-rows.ts';
import { infer, outputsOf } from './oip-client.ts';

export interface Neighbour {
  /** Right answers so far. @throws the first failure */
  readonly answers: number;
  /** Waits for an answer to a request that is sent from now on. @throws the first failure */
  isServed(): Promise<void>;
  /** Sends no more. @throws the first failure */
  stop(): Promise<void>;
}

const ROWS = 8;
/** Leaves the processor to those that are tested. */
const PAUSE_MS = 4;

/** Sends requests to the fraud model one after the other and checks each answer, until it is stopped. */
export async function startNeighbour(server: { readonly url: string }): Promise<Neighbour> {
  const rows = await fraudRows(ROWS);
  let answers = 0;
  let stopped = false;
  let failure: Error | undefined;

  const ask = async (turn: number) => {
    const row = rows[turn % ROWS]!;
    const input = { name: 'input', datatype: 'FP32', shape: [1, FRAUD_FEATURES], data: row.features };
    const answer = await infer(server, 'fraud', [input], {}, { 'x-request-id': `neighbour-${turn}` });
    const [label, probabilities] = outputsOf(answer);
    const got = [
      ...(label?.data ?? []),
      ...(probabilities?.data ?? []).map((one) => Math.fround(Number(one))),
    ];
    const expected = [row.label, ...row.probabilities];
    if (String(got) !== String(expected)) throw new Error(`expected ${expected}, got ${got}`);
    if (answer.headers['x-request-id'] !== `neighbour-${turn}`)
      throw new Error('got the answer of somebody else');
  };
  const run = async () => {
    for (let turn = 0; !stopped && !failure; turn++) {
      await ask(turn).then(
        () => answers++,
        (error: Error) => {
          failure = new Error(`a neighbour's request failed: ${error.message}`, { cause: error });
        },
      );
      await sleep(PAUSE_MS);
    }
  };
  const running = run();
  const check = () => {
    if (failure) throw failure;
    return answers;
  };

  return {
    get answers() {
      return check();
    },
    async isServed() {
      // The one under way now may have been answered in thought before; the one after it was not.
      const enough = check() + 2;
      await eventually("a neighbour's answer", () => failure !== undefined || answers >= enough);
      check();
    },
    async stop() {
      stopped = true;
      await running;
      check();
    },
  };
}
