/** All systems must give the same answers: a benchmark of a server that answers something else is worth nothing. */
import type { MeasuredSystem } from '../support/measured-system.ts';
import type { BenchRun } from './bench-run.ts';

/** How many different bodies are compared. */
const COMPARED = 20;
/** Batches of another size may add up the trees in another order: some float32 roundings of a number up to 1. */
const TOLERANCE = 1e-5;

interface InferAnswer {
  readonly outputs: readonly { readonly name: string; readonly data: readonly number[] }[];
}

/** Throws when two systems answer differently, or one not with 200. */
export async function assertSameAnswers(
  systems: readonly MeasuredSystem[],
  run: Pick<BenchRun, 'bodies' | 'signal'>,
): Promise<void> {
  for (const body of run.bodies.slice(0, COMPARED)) {
    const answers = await Promise.all(systems.map((system) => ask(system, body, run.signal)));
    for (const [index, answer] of answers.entries()) {
      for (const output of ['label', 'probabilities']) {
        const expected = dataOf(answers[0]!, output);
        const actual = dataOf(answer, output);
        const same =
          actual.length === expected.length &&
          actual.every((value, at) => Math.abs(value - expected[at]!) <= TOLERANCE);
        if (same) continue;
        const names = `${systems[0]!.name} and ${systems[index]!.name}`;
        throw new Error(`${names} differ in ${output}: ${expected.join()} against ${actual.join()}`);
      }
    }
  }
}

async function ask(system: MeasuredSystem, body: string, signal: AbortSignal): Promise<InferAnswer> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(system.inferUrl, { method: 'POST', headers, body, signal });
  const text = await response.text();
  if (response.status !== 200)
    throw new Error(`${system.name} answered ${response.status}: ${text.slice(0, 500)}`);
  const answer = JSON.parse(text);
  // Some take and give a list of requests, here of one.
  return Array.isArray(answer) ? answer[0] : answer;
}

function dataOf(answer: InferAnswer, name: string): readonly number[] {
  const data = answer.outputs.find((output) => output.name === name)?.data;
  if (data === undefined) throw new Error(`no output ${name} in ${JSON.stringify(answer).slice(0, 500)}`);
  return data;
}
