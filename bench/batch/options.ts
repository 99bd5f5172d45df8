/** The command line of the benchmark of a batch of requests. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { NETWORK_NAMES, NETWORKS } from '../models/ensure-network.ts';
import { partsOf, positive, positiveOr } from '../support/option-values.ts';
import { SYSTEMS, type SystemName } from './timed-systems.ts';

/** The batch of the thesis. */
export const BATCH = 3_000;

export const PARTS = ['timed', ...NETWORK_NAMES] as const;
export type Part = (typeof PARTS)[number];

export const PART_TITLES: Readonly<Record<Part, string>> = {
  timed: 'fixed service time',
  resnet18: NETWORKS.resnet18.title,
  densenet161: NETWORKS.densenet161.title,
};

/** How much is measured. */
interface Extent {
  /** Sent in one measurement of each part. */
  readonly requests: Readonly<Record<Part, number>>;
  readonly rounds: number;
  readonly networkRounds: number;
  readonly networkWorkers: readonly number[];
  readonly imageSize: number;
  readonly parts: readonly Part[];
  readonly systems: readonly SystemName[];
}

const WORKERS = [2, 4, 6] as const;
const FULL: Extent = {
  ...{ requests: { timed: BATCH, resnet18: 300, densenet161: 60 }, rounds: 5, networkRounds: 3 },
  ...{ networkWorkers: WORKERS, imageSize: 224, parts: PARTS },
  systems: ['turntable', 'turntable-http', 'nginx', 'haproxy'],
};
const QUICK: Extent = {
  ...{ requests: { timed: 400, resnet18: 100, densenet161: 20 }, rounds: 1, networkRounds: 1 },
  ...{ networkWorkers: [2, 4], imageSize: 64, parts: ['timed', 'resnet18'] },
  systems: ['turntable', 'nginx'],
};

export interface BatchOptions extends Omit<Extent, 'parts' | 'systems' | 'networkWorkers'> {
  readonly quick: boolean;
  readonly parts: ReadonlySet<Part>;
  readonly systems: ReadonlySet<SystemName>;
  /** Ascending; the first is what the others are compared with. */
  readonly workers: readonly number[];
  readonly networkWorkers: readonly number[];
  readonly concurrent: number;
  readonly serviceMs: number;
  readonly json: boolean;
  readonly save: string | null;
}

export const HELP = `usage: npm run bench:batch -- [options]

Sends a batch of requests, 100 at a time, to 2, 4 and 6 workers, and takes the time of the whole:
  timed         ${BATCH} requests to workers that take a fixed time for each, one after the other, and no processor: what is
                left is scheduling. Turntable before workers of its own, and before the HTTP workers that the proxies
                use; NGINX and HAProxy before these
  resnet18      ResNet-18 as ONNX with random weights, images as binary tensors, served by Turntable
  densenet161   DenseNet-161 likewise
Networks need all cores that there are, so more workers than cores cannot be faster; fewer requests are sent, and
the time of ${BATCH} is reckoned from them. The models are made when first needed (45 and 115 MB in the user's cache).

Needs redis-server, and nginx and haproxy for the comparison (installed with apt-get when run as root on Debian).
About 8 minutes.

options:
  --quick              fewer requests and rounds, small images, no DenseNet-161: 25 seconds; the figures mean less
  --rounds N           rounds of "timed", in rotated order (default ${FULL.rounds}, quick ${QUICK.rounds})
  --network-rounds N   rounds of the networks (default ${FULL.networkRounds}, quick ${QUICK.networkRounds})
  --requests N         requests of each measurement, of all parts (default ${FULL.requests.timed}, ${FULL.requests.resnet18} of ResNet-18 and ${FULL.requests.densenet161} of
                       DenseNet-161; quick ${QUICK.requests.timed}, ${QUICK.requests.resnet18} and ${QUICK.requests.densenet161}); ${BATCH} is all of the published batch
  --concurrent N       requests under way at once (default 100)
  --workers A,B        numbers of workers, ascending (default ${WORKERS.join(',')}; networks in a quick run ${QUICK.networkWorkers.join(',')})
  --service-ms N       of "timed" (default 5: long against the milliseconds by which timers err, and short enough
                       that a pause between two requests would show)
  --image-size N       height and width of the images (default ${FULL.imageSize}, quick ${QUICK.imageSize}); 64 keeps a run short
  --only A,B           only these parts of the list above
  --systems A,B        of "timed" (default ${FULL.systems.join(',')}; quick ${QUICK.systems.join(',')}):
                       ${SYSTEMS.join(', ')}
  --json               print one JSON object on stdout instead of the report
  --save FILE          also write that object to a file, such as bench/results/<date>-<commit>/batch.json
  --help               this text

A target that is missed is reported and is no error: the exit code is 0 when the run completed, else 1.`;

/** Null when help was asked for. @throws TypeError or RangeError on a wrong command line */
export function readOptions(args: readonly string[]): BatchOptions | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      'network-rounds': { type: 'string' },
      requests: { type: 'string' },
      concurrent: { type: 'string', default: '100' },
      workers: { type: 'string' },
      'service-ms': { type: 'string', default: '5' },
      'image-size': { type: 'string' },
      only: { type: 'string' },
      systems: { type: 'string' },
      json: { type: 'boolean', default: false },
      save: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  const extent = values.quick ? QUICK : FULL;
  const workers = values.workers === undefined ? null : readWorkers(values.workers);
  const requests = values.requests === undefined ? null : positive('requests', values.requests);
  return {
    quick: values.quick,
    rounds: positiveOr('rounds', values.rounds, extent.rounds),
    networkRounds: positiveOr('network-rounds', values['network-rounds'], extent.networkRounds),
    requests:
      requests === null ? extent.requests : { timed: requests, resnet18: requests, densenet161: requests },
    concurrent: positive('concurrent', values.concurrent),
    workers: workers ?? WORKERS,
    networkWorkers: workers ?? extent.networkWorkers,
    serviceMs: positive('service-ms', values['service-ms']),
    imageSize: positiveOr('image-size', values['image-size'], extent.imageSize),
    parts: values.only === undefined ? new Set(extent.parts) : partsOf(PARTS, values.only),
    systems:
      values.systems === undefined ? new Set(extent.systems) : partsOf(SYSTEMS, values.systems, 'systems'),
    json: values.json,
    save: values.save === undefined ? null : resolve(values.save),
  };
}

function readWorkers(text: string): number[] {
  return text
    .split(',')
    .map((one) => positive('workers', one))
    .toSorted((a, b) => a - b);
}
