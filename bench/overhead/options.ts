/** The command line of the overhead benchmark. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { partsOf, positive, positiveOr } from '../support/option-values.ts';

const PARTS = ['turntable', 'nginx', 'direct', 'onnx', 'neighbour'] as const;
export type Part = (typeof PARTS)[number];

/** How much is measured; times in whole seconds. */
interface Extent {
  readonly parts: readonly Part[];
  readonly rounds: number;
  /** Long enough for the compilers of all processes to settle. */
  readonly warmUpSeconds: number;
  /** Before each measurement under load, to refill caches. */
  readonly refillSeconds: number;
  /** Of a measurement under load. */
  readonly seconds: number;
  /** With a single connection, where a median settles fast. */
  readonly singleSeconds: number;
  readonly onnxSeconds: number;
}

const FULL: Extent = {
  ...{ parts: PARTS, rounds: 5, warmUpSeconds: 4, refillSeconds: 1 },
  ...{ seconds: 3, singleSeconds: 2, onnxSeconds: 2 },
};
const QUICK: Extent = {
  ...{ parts: ['turntable', 'nginx', 'direct', 'onnx'], rounds: 1, warmUpSeconds: 1, refillSeconds: 0 },
  ...{ seconds: 1, singleSeconds: 1, onnxSeconds: 1 },
};

export interface OverheadOptions extends Omit<Extent, 'parts'> {
  readonly quick: boolean;
  readonly connections: number;
  /** Rows of each request: 4 make 2 KB. */
  readonly rows: number;
  readonly models: string;
  readonly parts: ReadonlySet<Part>;
  readonly json: boolean;
  readonly save: string | null;
}

export const HELP = `usage: npm run bench:overhead -- [options]

Measures in one run on this machine, in turns over several rounds:
  turntable   Turntable with two workers of the fraud model
  nginx       NGINX least_conn before two plain HTTP workers with the same model
  direct      one such plain worker with nothing before it
  onnx        ONNX Runtime alone in a loop, in one process and in two
  neighbour   small requests to Turntable while a neighbour sends 10 MB ones

Needs wrk and nginx (installed with apt-get when run as root on Debian). About 3 minutes.

options:
  --quick           shorter and without neighbour, under 25 seconds: the figures mean less
  --rounds N        how often everything is measured, in rotated order (default ${FULL.rounds}, quick ${QUICK.rounds})
  --seconds N       whole seconds of each measurement under load (default ${FULL.seconds}, quick ${QUICK.seconds})
  --connections N   connections of the load generator, a closed loop (default 64)
  --rows N          rows of 30 features in each request (default 4, which is 2 KB)
  --only A,B        only these parts of the list above
  --models DIR      model repository with fraud and digits (default examples/models)
  --json            print one JSON object on stdout instead of the table
  --save FILE       also write that object to a file
  --help            this text

A target that is missed is reported and is no error: the exit code is 0 when the run completed, else 1.`;

/** Null when help was asked for. Throws TypeError or RangeError on a wrong command line. */
export function readOptions(args: readonly string[]): OverheadOptions | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      connections: { type: 'string', default: '64' },
      rows: { type: 'string', default: '4' },
      only: { type: 'string' },
      models: { type: 'string', default: resolve(import.meta.dirname, '../../examples/models') },
      json: { type: 'boolean', default: false },
      save: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const { parts, ...extent } = values.quick ? QUICK : FULL;
  return {
    ...extent,
    quick: values.quick,
    rounds: positiveOr('rounds', values.rounds, extent.rounds),
    seconds: positiveOr('seconds', values.seconds, extent.seconds),
    connections: positive('connections', values.connections),
    rows: positive('rows', values.rows),
    models: resolve(values.models),
    parts: values.only === undefined ? new Set(parts) : partsOf(PARTS, values.only),
    json: values.json,
    save: values.save === undefined ? null : resolve(values.save),
  };
}
