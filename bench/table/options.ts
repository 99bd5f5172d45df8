/** The command line of the table benchmark. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { partsOf, positive, positiveOr } from '../support/option-values.ts';

const PARTS = ['cost', 'commands', 'propagation', 'ticks', 'distribution'] as const;
export type Part = (typeof PARTS)[number];

/** How much is measured. */
export interface Extent {
  readonly parts: readonly Part[];
  readonly rounds: number;
  /** Times that Redis is frozen. */
  readonly freezes: number;
  /** For the compilers of a server that was just started, whole seconds. */
  readonly warmUpSeconds: number;
  /** Before each measurement of the cost, to refill caches; whole seconds. */
  readonly refillSeconds: number;
  /** Length of each measurement under load, whole seconds. */
  readonly seconds: number;
  /** Status changes in each state of the gateways; even, so that the worker ends as it began. */
  readonly changes: number;
  readonly tickMs: number;
  /** The parts of the workers whose load is another at each exchange. */
  readonly changing: readonly number[];
  /** Numbers of gateways with which commands at Redis are counted. */
  readonly commandGateways: readonly number[];
  /** Times that the requests of the distribution are sent. */
  readonly distributions: number;
}

const FULL: Extent = {
  ...{ parts: PARTS, rounds: 15, freezes: 5, changes: 500, distributions: 3 },
  ...{ warmUpSeconds: 4, refillSeconds: 1, seconds: 3 },
  ...{ tickMs: 3_000, changing: [1, 0.1], commandGateways: [1, 3] },
};
const QUICK: Extent = {
  ...{ parts: ['cost'], rounds: 1, freezes: 0, changes: 40, distributions: 1 },
  ...{ warmUpSeconds: 1, refillSeconds: 0, seconds: 1 },
  ...{ tickMs: 1_000, changing: [1], commandGateways: [3] },
};

export interface TableOptions extends Omit<Extent, 'parts'> {
  readonly quick: boolean;
  readonly connections: number;
  readonly models: string;
  readonly parts: ReadonlySet<Part>;
  readonly json: boolean;
  readonly save: string | null;
}

export const HELP = `usage: npm run bench:table -- [options]

Measures what the control table on Redis costs, and how fast and how well it does its work:
  cost          CPU and throughput of serve on Redis against serve in memory, by turns, and of the gateway
                role; then throughput while Redis is frozen
  commands      commands per second at Redis with 1 and 3 gateways at 100, 1,000 and 10,000 requests/s
  propagation   from a change of a worker's status to the last of 4 gateways that shows it
  ticks         CPU of one exchange of load, at the gateway and at Redis, with 10, 100 and 1,000 workers
  distribution  10,000 requests over 3 gateways to 4 equal workers: how evenly they are spread

Needs wrk and redis-server (installed with apt-get when run as root on Debian). About 8 minutes.

options:
  --quick           ${QUICK.parts.join(' and ')} alone, and shorter, under 25 seconds: the figures mean less
  --rounds N        how often the systems of "cost" are measured, in rotated order (default ${FULL.rounds}, quick ${QUICK.rounds})
  --connections N   connections of the load generator, a closed loop (default 64)
  --only A,B        only these parts of the list above
  --models DIR      model repository with fraud (default examples/models)
  --json            print one JSON object on stdout instead of the report
  --save FILE       also write that object to a file, such as bench/results/<date>-<commit>/table.json
  --help            this text

A target that is missed is reported and is no error: the exit code is 0 when the run completed, else 1.`;

/** Null when help was asked for. Throws TypeError or RangeError on a wrong command line. */
export function readOptions(args: readonly string[]): TableOptions | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      connections: { type: 'string', default: '64' },
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
    connections: positive('connections', values.connections),
    models: resolve(values.models),
    parts: values.only === undefined ? new Set(parts) : partsOf(PARTS, values.only),
    json: values.json,
    save: values.save === undefined ? null : resolve(values.save),
  };
}
