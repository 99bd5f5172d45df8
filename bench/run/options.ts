/** The command line of the runner of all benchmarks. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { durationText } from './duration-text.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';

export interface RunOptions {
  readonly quick: boolean;
  /** In the order in which they run. */
  readonly scenarios: readonly Scenario[];
  /** Null: a folder of its own in bench/results. */
  readonly output: string | null;
  /** Folders with results; empty for all that are known. Null: scenarios are run. */
  readonly reportOnly: readonly string[] | null;
}

const fullSeconds = SCENARIOS.reduce((sum, scenario) => sum + scenario.fullSeconds, 0);
const NAMES = SCENARIOS.map(({ name }) => name);

export const HELP = `usage: npm run bench -- [options]

Runs all benchmarks one after the other, each of which also runs alone (npm run bench:users), and writes what they
measured and a report with pictures. In this order:
${SCENARIOS.map(({ name, about }) => `  ${name.padEnd(14)}${about}`).join('\n')}

A full run takes about ${durationText(fullSeconds)} on an otherwise idle machine. Results go to
bench/results/<date>-<commit>/, and bench/results/latest.md is made of the newest full result of each scenario. A quick
run keeps to itself: its results and its own report.md go to bench/results/<date>-<commit>-quick/.

options:
  --quick               everything shorter, five minutes in all: shows that all works; the figures mean little
  --only A,B            only these of the list above
  --skip A,B            not these
  --output DIR          where results go; with --report-only, where report.md goes
  --report-only [DIR…]  run nothing; make the report of the results in these folders, or of all that are there
  --help                this text

examples:
  npm run bench -- --quick
  npm run bench -- --only users,failure
  npm run bench -- --skip long-run
  npm run bench -- --report-only
  npm run bench -- --report-only bench/results/2026-11-22-733f795 --output faults-report

A scenario that fails is told and the others go on; the exit code is then 1. A missed target is reported and is no
error. Results of an --output outside bench/results are in that run's report, and not in later ones.`;

/** Null when help was asked for. @throws TypeError or RangeError on a wrong command line */
export function readOptions(args: readonly string[]): RunOptions | null {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', default: NAMES.join(',') },
      skip: { type: 'string', default: '' },
      output: { type: 'string' },
      'report-only': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  if (positionals.length > 0 && !values['report-only'])
    throw new RangeError(`"${positionals[0]}" is no option; folders follow --report-only`);
  const only = namesOf('only', values.only);
  const skip = namesOf('skip', values.skip);
  return {
    quick: values.quick,
    scenarios: SCENARIOS.filter(({ name }) => only.has(name) && !skip.has(name)),
    output: values.output === undefined ? null : resolve(values.output),
    reportOnly: values['report-only'] ? positionals.map((folder) => resolve(folder)) : null,
  };
}

function namesOf(option: string, text: string): Set<string> {
  const names = text.split(',').filter((name) => name !== '');
  const unknown = names.find((name) => !NAMES.includes(name));
  if (unknown !== undefined) throw new RangeError(`--${option} knows ${NAMES.join(', ')}; not "${unknown}"`);
  return new Set(names);
}
