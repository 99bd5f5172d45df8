/** The command line of the benchmark of model servers. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { partsOf, positive, positiveOr } from '../support/option-values.ts';
import { PEERS, type PeerName } from './peers.ts';

/** How much is measured. */
interface Extent {
  readonly rounds: number;
  /** Of each measurement of capacity, whole seconds. */
  readonly seconds: number;
  /** As many times that for a server so slow that what is on its way at the end is a large part of it. */
  readonly slowFactor: number;
  readonly warmUpSeconds: number;
  /** Of each measurement of latency: the greater number where it takes that for so many requests. */
  readonly openSeconds: readonly [least: number, most: number];
  /** Parts of capacity at which latency is measured. */
  readonly loads: readonly number[];
  /** Whether Turntable is also measured at those parts of its own capacity. */
  readonly ownLoads: boolean;
  readonly peers: readonly PeerName[];
}

/** Enough for a p99 that ten requests are above. */
export const WANTED_REQUESTS = 1_000;

const FULL: Extent = {
  ...{ rounds: 5, seconds: 2, slowFactor: 3, warmUpSeconds: 2, openSeconds: [2, 4], loads: [0.5, 0.7, 0.9] },
  ...{ ownLoads: true, peers: PEERS },
};
const QUICK: Extent = {
  ...{ rounds: 1, seconds: 1, slowFactor: 1, warmUpSeconds: 1, openSeconds: [1, 1], loads: [0.7] },
  ...{ ownLoads: false, peers: ['mlserver', 'published'] },
};

export interface ServersOptions extends Omit<Extent, 'peers'> {
  readonly quick: boolean;
  readonly peers: ReadonlySet<PeerName>;
  /** Of the load generator in a closed loop. */
  readonly connections: number;
  /** Of each request. */
  readonly rows: number;
  readonly seed: number;
  readonly models: string;
  readonly json: boolean;
  readonly save: string | null;
}

export const HELP = `usage: npm run bench:servers -- [options]

Turntable (serve with two workers) beside servers of models, one after the other, each with two processes that infer:
  nginx           NGINX least_conn before two plain HTTP workers
  triton          Triton Inference Server, Python backend
  mlserver        MLServer
  bentoml         BentoML
  ray-serve       Ray Serve
  published       the published design: a FastAPI control module with Redis, FastAPI workers, a scikit-learn forest
  published-onnx  the same with the model of all others
All serve the fraud model as ONNX, but for "published", and get the same bodies. Of each pair:
  capacity        a closed loop, in turns
  latency         an open loop at ${FULL.loads.join(', ')} of the peer's capacity, the same arrivals to both, in turns
and at last Turntable at the same parts of its own capacity.

Needs wrk; nginx and redis-server (installed with apt-get when run as root on Debian) and the servers (installed with
pip once, about 2 GB) are left out where they are not to be had. About 15 minutes.

options:
  --quick          MLServer and the published design, one round, under 25 seconds: the figures mean little
  --rounds N       how often each pair is measured, in turns (default ${FULL.rounds}, quick ${QUICK.rounds})
  --seconds N      whole seconds of each measurement of capacity (default ${FULL.seconds}, quick ${QUICK.seconds})
  --only A,B       only these peers
  --connections N  of the closed loop (default 64)
  --rows N         rows of 30 features in each request (default 4, which is 2 KB)
  --seed N         of the arrivals (default 1)
  --models DIR     model repository with fraud (default examples/models)
  --json           print one JSON object on stdout instead of the report
  --save FILE      also write that object to a file
  --help           this text

A target that is missed is reported and is no error: the exit code is 0 when the run completed, else 1.`;

/** Null when help was asked for. Throws TypeError or RangeError on a wrong command line. */
export function readOptions(args: readonly string[]): ServersOptions | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      only: { type: 'string' },
      connections: { type: 'string', default: '64' },
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
    peers: values.only === undefined ? new Set(extent.peers) : partsOf(PEERS, values.only),
    connections: positive('connections', values.connections),
    rows: positive('rows', values.rows),
    seed: positive('seed', values.seed),
    models: resolve(values.models),
    json: values.json,
    save: values.save === undefined ? null : resolve(values.save),
  };
}
