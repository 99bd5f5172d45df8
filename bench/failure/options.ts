/** The command line of the failure benchmark. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { partsOf, positive, positiveOr } from '../support/option-values.ts';
import { FAULT_NAMES, type FaultName } from './faults.ts';
import { SYSTEM_NAMES, type SystemName } from './system-names.ts';

/** How much is measured. */
interface Extent {
  readonly systems: ReadonlySet<SystemName>;
  readonly faults: ReadonlySet<FaultName>;
  readonly rounds: number;
  /** Before a fault, its length, and after it. */
  readonly beforeSeconds: number;
  readonly faultSeconds: number;
  readonly afterSeconds: number;
  /** Systems measured at the same time. */
  readonly abreast: number;
}

const FULL: Extent = {
  systems: new Set(SYSTEM_NAMES),
  faults: new Set(FAULT_NAMES),
  ...{ rounds: 5, beforeSeconds: 3, faultSeconds: 6, afterSeconds: 1, abreast: 3 },
};
const QUICK: Extent = {
  systems: new Set(SYSTEM_NAMES.filter((name) => name !== 'turntable-http')),
  faults: new Set(['kill']),
  ...{ rounds: 1, beforeSeconds: 2, faultSeconds: 3, afterSeconds: 1, abreast: SYSTEM_NAMES.length },
};

export interface FailureOptions extends Extent {
  readonly quick: boolean;
  readonly serviceMs: number;
  /** Of the peers: from one health check to the next, and how long one try of a request may take. */
  readonly checkMs: number;
  readonly tryMs: number;
  readonly seed: number;
  readonly json: boolean;
  readonly save: string | null;
}

export const HELP = `usage: npm run bench:failure -- [options]

What a failing worker costs (the paper's Figure 7), for Turntable and for each peer: each system before four workers of its own,
each of which takes a set time and no CPU for a request. Requests come at random (Poisson), half of what the four
carry, whether or not earlier ones are answered; latency counts from when a request was to be sent. Then one of the four:
  kill     is killed (kill -9), and started anew at the same address a second later
  stop     is stopped (SIGSTOP): it accepts connections and requests, and answers nothing, also to health checks
  mute     answers health checks, but no request
  errors   answers health checks, but requests with 500, at once: the black hole that draws all by being fast
All but the killed one are well again when the fault ends.

Systems: ${SYSTEM_NAMES.join(', ')}
"turntable" has workers on its own channel, "turntable-http" the peers' HTTP workers, each put into the table by turntable
attach; both run as they come. Peers have every means they offer turned on: health checks, detection of outliers, and retries
on errors and time-outs at another worker, POST included (bench/peers). Each run has fresh processes.

Needs redis-server; peers that are not there are installed with apt-get or pip where that can be, or skipped. About 14 minutes.

options:
  --quick               kill alone, once, without turntable-http, less than half a minute: the figures mean little
  --only A,B            only these faults
  --systems A,B         only these systems
  --rounds N            (default ${FULL.rounds}, quick ${QUICK.rounds})
  --before-seconds N    measured before each fault (default ${FULL.beforeSeconds}, quick ${QUICK.beforeSeconds})
  --fault-seconds N     length of a fault (default ${FULL.faultSeconds}, quick ${QUICK.faultSeconds})
  --after-seconds N     measured after each fault (default ${FULL.afterSeconds}, quick ${QUICK.afterSeconds})
  --service-ms N        what a request takes at a worker (default 10)
  --check-ms N          peers: from one health check to the next, and how long one may take (default 1000, which is more
                        often than any of them does by default; Turntable asks after 150 ms of silence)
  --try-ms N            peers: how long one try may take before another worker is tried (default 1000)
  --abreast N           systems measured at the same time (default ${FULL.abreast}, quick ${QUICK.abreast}): what disturbs one disturbs all
  --seed N              of the arrivals (default 1)
  --json                print one JSON object on stdout instead of the report
  --save FILE           also write that object to a file, such as bench/results/<date>-<commit>/failure.json
  --help                this text

A target that is missed is reported and is no error: the exit code is 0 when the run completed, else 1.`;

/** Null when help was asked for. @throws TypeError or RangeError on a wrong command line */
export function readOptions(args: readonly string[]): FailureOptions | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      systems: { type: 'string' },
      rounds: { type: 'string' },
      'before-seconds': { type: 'string' },
      'fault-seconds': { type: 'string' },
      'after-seconds': { type: 'string' },
      'service-ms': { type: 'string', default: '10' },
      'check-ms': { type: 'string', default: '1000' },
      'try-ms': { type: 'string', default: '1000' },
      abreast: { type: 'string' },
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
    faults: values.only === undefined ? extent.faults : partsOf(FAULT_NAMES, values.only),
    systems: values.systems === undefined ? extent.systems : systemsOf(values.systems),
    rounds: positiveOr('rounds', values.rounds, extent.rounds),
    beforeSeconds: positiveOr('before-seconds', values['before-seconds'], extent.beforeSeconds),
    faultSeconds: positiveOr('fault-seconds', values['fault-seconds'], extent.faultSeconds),
    afterSeconds: positiveOr('after-seconds', values['after-seconds'], extent.afterSeconds),
    abreast: positiveOr('abreast', values.abreast, extent.abreast),
    serviceMs: positive('service-ms', values['service-ms']),
    checkMs: positive('check-ms', values['check-ms']),
    tryMs: positive('try-ms', values['try-ms']),
    seed: positive('seed', values.seed),
    json: values.json,
    save: values.save === undefined ? null : resolve(values.save),
  };
}

function systemsOf(text: string): Set<SystemName> {
  const names = text.split(',').map((name) => {
    const known = SYSTEM_NAMES.find((candidate) => candidate === name);
    if (known === undefined)
      throw new RangeError(`--systems knows ${SYSTEM_NAMES.join(', ')}; not "${name}"`);
    return known;
  });
  return new Set(names);
}
