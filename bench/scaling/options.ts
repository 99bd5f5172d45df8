/** The command line of the scaling benchmark. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { partsOf, positive, positiveOr } from '../support/option-values.ts';

/** `echo` gives back what it gets, and so costs next to nothing: the gateway is most of the work. */
export const MODELS = ['echo', 'fraud'] as const;
export type ModelName = (typeof MODELS)[number];

interface Extent {
  readonly threads: readonly number[];
  readonly workers: readonly number[];
  readonly rounds: number;
  /** Long enough for the compilers of all threads and workers to settle. */
  readonly warmUpSeconds: number;
  readonly seconds: number;
}

const FULL: Extent = { threads: [1, 2, 3], workers: [1, 2], rounds: 5, warmUpSeconds: 2, seconds: 2 };
const QUICK: Extent = { threads: [1, 2], workers: [2], rounds: 1, warmUpSeconds: 1, seconds: 1 };

export interface ScalingOptions extends Extent {
  readonly quick: boolean;
  readonly models: ReadonlySet<ModelName>;
  readonly connections: number;
  readonly json: boolean;
  readonly save: string | null;
}

export const HELP = `usage: npm run bench:scaling -- [options]

Measures \`turntable serve\` with 1, 2 and 3 threads of gateway (--gateway-threads), before 1 and 2 workers, in turns over
several rounds, as many requests as 64 connections carry:
  echo        a model that gives back what it gets: the gateway is most of the work
  fraud       the fraud model, 4 rows a request: most of the work is the workers'
How far throughput can grow is set by the cores that load generator and workers leave: on two cores that is little.

Needs wrk (installed with apt-get when run as root on Debian). About 3.5 minutes.

options:
  --quick           1 and 2 threads before 2 workers, one short round, under 20 seconds: the figures mean less
  --rounds N        how often each is measured, in rotated order (default ${FULL.rounds}, quick ${QUICK.rounds})
  --seconds N       whole seconds of each measurement (default ${FULL.seconds}, quick ${QUICK.seconds})
  --connections N   connections of the load generator, a closed loop (default 64)
  --only A,B        only these models of the list above
  --json            print one JSON object on stdout instead of the table
  --save FILE       also write that object to a file
  --help            this text

A target that is missed is reported and is no error: the exit code is 0 when the run completed, else 1.`;

/** Null when help was asked for. @throws TypeError or RangeError on a wrong command line */
export function readOptions(args: readonly string[]): ScalingOptions | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      connections: { type: 'string', default: '64' },
      only: { type: 'string', default: MODELS.join(',') },
      json: { type: 'boolean', default: false },
      save: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const extent = values.quick ? QUICK : FULL;
  return {
    ...extent,
    quick: values.quick,
    rounds: positiveOr('rounds', values.rounds, extent.rounds),
    seconds: positiveOr('seconds', values.seconds, extent.seconds),
    models: partsOf(MODELS, values.only),
    connections: positive('connections', values.connections),
    json: values.json,
    save: values.save === undefined ? null : resolve(values.save),
  };
}
