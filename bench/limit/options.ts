/** The command line of the benchmark of the distance to the limit. */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { partsOf, positive, positiveOr } from '../support/option-values.ts';
import { CELL_NAMES, type CellName } from './cells.ts';

/** How much is measured. */
interface Extent {
  readonly rounds: number;
  /** Whole seconds of each measurement under load, and before it. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** Of ONNX Runtime alone, of each batch size. */
  readonly loopSeconds: number;
  readonly cells: readonly CellName[];
  readonly fraudBatches: readonly number[];
  readonly imageBatches: readonly number[];
  readonly imageSize: number;
}

const FULL: Extent = {
  ...{ rounds: 5, seconds: 3, warmUpSeconds: 1, loopSeconds: 1, cells: CELL_NAMES },
  ...{ fraudBatches: [1, 4, 16, 64, 256], imageBatches: [1, 2, 4, 8], imageSize: 224 },
};
const QUICK: Extent = {
  ...{ rounds: 1, seconds: 1, warmUpSeconds: 0, loopSeconds: 0.4, imageSize: 64 },
  ...{ cells: ['fraud-4-json', 'fraud-64-binary', 'resnet18-binary'] },
  ...{ fraudBatches: [1, 64], imageBatches: [1, 4] },
};

export interface LimitOptions extends Omit<Extent, 'cells'> {
  readonly quick: boolean;
  readonly cells: ReadonlySet<CellName>;
  readonly workers: number;
  readonly connections: number;
  readonly imageConnections: number;
  readonly models: string;
  readonly json: boolean;
  readonly save: string | null;
}

export const HELP = `usage: npm run bench:limit -- [options]

Throughput of Turntable's \`serve\` over that of ONNX Runtime alone, which runs the same model on the same rows in a loop, a
process on each core, with the batch size that is best for it; and where the rest of the processors goes. In turns:
  fraud-1-json, fraud-4-json, fraud-64-json         the fraud model, so many rows a request, JSON
  fraud-1-binary, fraud-4-binary, fraud-64-binary   the same as binary tensors
  resnet18-binary                                   ResNet-18 as ONNX with random weights, an image a request

Rows are real ones where ../shared/data has them, else made to look like them. The load generator, wrk, takes a part
of the same cores, so each figure is also given over what the others leave it: the limit on the cores less the load
generator's share.

Needs wrk (installed with apt-get when run as root on Debian). About 4 minutes.

options:
  --quick               fewer requests and batch sizes, one round, small images: 15 seconds; the figures mean less
  --rounds N            how often all is measured, in rotated order (default ${FULL.rounds}, quick ${QUICK.rounds})
  --seconds N           whole seconds of each measurement under load (default ${FULL.seconds}, quick ${QUICK.seconds})
  --only A,B            only these of the list above (quick: ${QUICK.cells.join(',')})
  --workers N           of Turntable (default one for each core)
  --connections N       of the load generator, a closed loop, for the fraud model (default 64)
  --image-connections N the same for ResNet-18 (default 16)
  --image-size N        height and width of the images (default ${FULL.imageSize}, quick ${QUICK.imageSize})
  --models DIR          model repository with fraud (default examples/models)
  --json                print one JSON object on stdout instead of the report
  --save FILE           also write that object to a file, such as bench/results/<date>-<commit>/limit.json
  --help                this text

A target that is missed is reported and is no error: the exit code is 0 when the run completed, else 1.`;

/** Null when help was asked for. @throws TypeError or RangeError on a wrong command line */
export function readOptions(args: readonly string[]): LimitOptions | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      only: { type: 'string' },
      workers: { type: 'string' },
      connections: { type: 'string', default: '64' },
      'image-connections': { type: 'string', default: '16' },
      'image-size': { type: 'string' },
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
    cells: values.only === undefined ? new Set(extent.cells) : partsOf(CELL_NAMES, values.only),
    workers: positiveOr('workers', values.workers, availableParallelism()),
    connections: positive('connections', values.connections),
    imageConnections: positive('image-connections', values['image-connections']),
    imageSize: positiveOr('image-size', values['image-size'], extent.imageSize),
    models: resolve(values.models),
    json: values.json,
    save: values.save === undefined ? null : resolve(values.save),
  };
}
