/** The command line of the faults benchmark. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { partsOf, positive, positiveOr } from '../support/option-values.ts';
import type { ServiceKind } from '../support/timed-worker-process.ts';

/** Those that strike one of four workers, or take all of them in turn. */
export const WORKER_FAULTS = [
  'kill',
  'stop',
  'slow',
  'errors',
  'mute',
  'cut',
  'kill-half',
  'restart-all',
] as const;
/** How many times what the workers carry comes. */
export const OVERLOADS = { 'load-x2': 2, 'load-x5': 5, 'load-x10': 10 } as const;

export type WorkerFaultName = (typeof WORKER_FAULTS)[number];
export type OverloadName = keyof typeof OVERLOADS;
export type FaultName = WorkerFaultName | OverloadName;

const NAMES: readonly FaultName[] = [...WORKER_FAULTS, ...(Object.keys(OVERLOADS) as OverloadName[])];

/** How much is measured. */
interface Extent {
  readonly names: readonly FaultName[];
  /** Before anything is measured: for compilers, connections and estimates. */
  readonly warmUpSeconds: number;
  /** Measured before and after each fault. */
  readonly seconds: number;
  readonly faultSeconds: number;
  readonly overloadSeconds: number;
  /** Of what the workers carry. */
  readonly capacitySeconds: number;
}

const FULL: Extent = {
  ...{ names: NAMES, warmUpSeconds: 3, seconds: 5, faultSeconds: 6 },
  ...{ overloadSeconds: 20, capacitySeconds: 8 },
};
/** A worker that dies, one that falls silent, and too much load. */
const QUICK: Extent = {
  ...{ names: ['kill', 'load-x2'], warmUpSeconds: 1, seconds: 1, faultSeconds: 2 },
  ...{ overloadSeconds: 2, capacitySeconds: 2 },
};

export interface FaultsOptions extends Omit<Extent, 'names'> {
  readonly quick: boolean;
  readonly faults: ReadonlySet<FaultName>;
  /** Of one request at a worker, milliseconds on average. */
  readonly serviceMs: number;
  readonly service: ServiceKind;
  readonly seed: number;
  readonly json: boolean;
  readonly save: string | null;
}

export const HELP = `usage: npm run bench:faults -- [options]

Breaks things under load, with real processes and real signals, and measures what the clients see of it. One gateway,
one controller and Redis serve four workers, each of which takes a set time and no CPU for a request. Requests come at
random (Poisson), half of what the workers carry, whether or not earlier ones are answered; latency counts from when
a request was to be sent. The faults:
  kill          kill -9 of one of four workers; another is started a second later
  stop          SIGSTOP of one worker, SIGCONT 5 seconds later
  slow          one worker takes ten times as long, and then no longer
  errors        one worker answers errors at once, and then no longer: the black hole that draws all by being fast
  mute          one worker accepts requests and never answers them, though it answers pings
  cut           the network to one worker is cut, silently, and then mended
  kill-half     kill -9 of two of four workers; others are started a second later
  restart-all   each worker in turn gets SIGTERM; the next follows when the one in its place is ACTIVE
  load-x2, load-x5, load-x10
                so many times what the workers carry, with a deadline of a second for each request

Needs redis-server (installed with apt-get when run as root on Debian). About 6 minutes. A machine that does other
things at the same time shows in the latencies: the lag of the load generator tells how much.

options:
  --quick               ${QUICK.names.join(', ')} alone, and shorter, under 25 seconds: the figures mean less
  --only A,B            only these faults of the list above
  --seconds N           measured before and after each fault (default ${FULL.seconds}, quick ${QUICK.seconds})
  --fault-seconds N     length of a fault (default ${FULL.faultSeconds}, quick ${QUICK.faultSeconds}; restart-all takes twice that)
  --overload-seconds N  length of an overload (default ${FULL.overloadSeconds}, quick ${QUICK.overloadSeconds})
  --service-ms N        what a request takes at a worker, on average (default 10)
  --service KIND        constant or lognormal (default constant)
  --seed N              of the arrivals (default 1)
  --json                print one JSON object on stdout instead of the report
  --save FILE           also write that object to a file, such as bench/results/<date>-<commit>/faults.json
  --help                this text

A target that is missed is reported and is no error: the exit code is 0 when the run completed, else 1.`;

/** Null when help was asked for. @throws TypeError or RangeError on a wrong command line */
export function readOptions(args: readonly string[]): FaultsOptions | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      seconds: { type: 'string' },
      'fault-seconds': { type: 'string' },
      'overload-seconds': { type: 'string' },
      'service-ms': { type: 'string', default: '10' },
      service: { type: 'string', default: 'constant' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
      save: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const { service } = values;
  if (service !== 'constant' && service !== 'lognormal')
    throw new RangeError(`--service must be constant or lognormal; not "${service}"`);
  const { names, ...extent } = values.quick ? QUICK : FULL;
  return {
    ...extent,
    quick: values.quick,
    faults: values.only === undefined ? new Set(names) : partsOf(NAMES, values.only),
    seconds: positiveOr('seconds', values.seconds, extent.seconds),
    faultSeconds: positiveOr('fault-seconds', values['fault-seconds'], extent.faultSeconds),
    overloadSeconds: positiveOr('overload-seconds', values['overload-seconds'], extent.overloadSeconds),
    serviceMs: positive('service-ms', values['service-ms']),
    service,
    seed: positive('seed', values.seed),
    json: values.json,
    save: values.save === undefined ? null : resolve(values.save),
  };
}
