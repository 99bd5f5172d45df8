/** The command line of the benchmark of what control costs. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { partsOf, positive, positiveOr } from '../support/option-values.ts';

const PARTS = ['cpu', 'table', 'rows', 'connections'] as const;
export type Part = (typeof PARTS)[number];

/** How much is measured. */
export interface Extent {
  readonly rounds: number;
  /** For the compilers of processes that were just started, whole seconds. */
  readonly warmUpSeconds: number;
  /** Length of each measurement under load, whole seconds. */
  readonly seconds: number;
  /** Requests a second at which operations of the table are counted; the last is more than can be served. */
  readonly paces: readonly number[];
  /** Of the control table. */
  readonly rows: readonly number[];
  readonly idleConnections: number;
  /** Before memory is read: for what starting or load left behind. */
  readonly settleMs: number;
}

const FULL: Extent = {
  ...{ rounds: 5, warmUpSeconds: 4, seconds: 4, paces: [100, 1_000, 10_000] },
  ...{ rows: [10, 1_000, 10_000], idleConnections: 10_000, settleMs: 2_000 },
};
const QUICK: Extent = {
  ...{ rounds: 1, warmUpSeconds: 1, seconds: 1, paces: [1_000] },
  ...{ rows: [10, 1_000], idleConnections: 2_000, settleMs: 300 },
};

export interface ControlCostOptions extends Extent {
  readonly quick: boolean;
  readonly connections: number;
  readonly seed: number;
  readonly models: string;
  readonly parts: ReadonlySet<Part>;
  readonly json: boolean;
  readonly save: string | null;
}

export const HELP = `usage: npm run bench:control-cost -- [options]

Measures where the CPU of a request goes, and what the control of it costs:
  cpu           CPU per request of the gateway process and of the workers, by part, from CPU profiles under load
  table         operations of the control table per request: calls to the one in memory, commands at Redis
  rows          memory of a gateway with 10, 1,000 and 10,000 workers in the table: such that nobody reaches, and
                such that it holds connections to
  connections   memory with 10,000 idle connections, and what a request takes beside them; NGINX alike

Needs wrk, redis-server and nginx (installed with apt-get when run as root on Debian). About 5 minutes.

options:
  --quick               fewer and shorter measurements, about 25 seconds: the figures mean less
  --rounds N            of "cpu", "rows" and "connections" (default ${FULL.rounds}, quick ${QUICK.rounds})
  --connections N       connections of the load generator, a closed loop (default 64)
  --idle-connections N  (default ${FULL.idleConnections}, quick ${QUICK.idleConnections})
  --only A,B            only these parts of the list above
  --seed N              of the arrivals (default 1)
  --models DIR          model repository with fraud (default examples/models)
  --json                print one JSON object on stdout instead of the report
  --save FILE           also write that object to a file, such as bench/results/<date>-<commit>/control-cost.json
  --help                this text

A target that is missed is reported and is no error: the exit code is 0 when the run completed, else 1.`;

/** Null when help was asked for. @throws TypeError or RangeError on a wrong command line */
export function readOptions(args: readonly string[]): ControlCostOptions | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      connections: { type: 'string', default: '64' },
      'idle-connections': { type: 'string' },
      only: { type: 'string', default: PARTS.join(',') },
      seed: { type: 'string', default: '1' },
      models: { type: 'string', default: resolve(import.meta.dirname, '../../examples/models') },
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
    idleConnections: positiveOr('idle-connections', values['idle-connections'], extent.idleConnections),
    connections: positive('connections', values.connections),
    seed: positive('seed', values.seed),
    models: resolve(values.models),
    parts: partsOf(PARTS, values.only),
    json: values.json,
    save: values.save === undefined ? null : resolve(values.save),
  };
}
