/** Writes the files that the load generator and ONNX Runtime's loop read: the same rows for both. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BinaryRequest, binaryRequest, imageRequests, randomImages } from '../models/image-requests.ts';
import { fraudRows } from '../support/fraud-rows.ts';
import type { WrkLoad } from '../support/wrk.ts';
import { CELLS, type CellName, type LimitModel } from './cells.ts';
import type { LimitRun } from './limit-run.ts';

const BINARY_SCRIPT = join(import.meta.dirname, 'rotate-binary.lua');
const FEATURES = 30;
/** So many that no cache or branch predictor gets used to them: 1 MB of raw rows. */
const FRAUD_ROWS = 8_192;
const MOST_BODIES = 512;
const IMAGES = 16;

export interface RequestFiles {
  /** Raw float32, row by row. */
  readonly rowsFile: string;
  /** Where the rows are from, as results tell it. */
  readonly source: string;
  load(cell: CellName): Pick<WrkLoad, 'bodiesFile' | 'script'> & { readonly bodyBytes: number };
}

export function writeRequests(model: LimitModel, run: LimitRun): RequestFiles {
  return model === 'fraud' ? fraudRequests(run) : networkRequests(run);
}

function fraudRequests({ directory }: LimitRun): RequestFiles {
  const { source, rows } = fraudRows(FRAUD_ROWS);
  const rowsFile = join(directory, 'fraud.f32');
  const raw = Float32Array.from(rows.flat());
  writeFileSync(rowsFile, raw);
  return {
    rowsFile,
    source,
    load(cell) {
      const { rows: perRequest, form } = CELLS[cell];
      const count = Math.min(MOST_BODIES, Math.floor(FRAUD_ROWS / perRequest));
      const shape = [perRequest, FEATURES];
      const starts = Array.from({ length: count }, (_, index) => index * perRequest);
      if (form === 'JSON') {
        return writeJson(
          join(directory, cell),
          starts.map((start) => {
            const data = rows.slice(start, start + perRequest).flat();
            return JSON.stringify({ inputs: [{ name: 'input', shape, datatype: 'FP32', data }] });
          }),
        );
      }
      return writeBinary(
        join(directory, cell),
        starts.map((start) =>
          binaryRequest('input', shape, raw.subarray(start * FEATURES, (start + perRequest) * FEATURES)),
        ),
      );
    },
  };
}

function networkRequests({ directory, options: { imageSize } }: LimitRun): RequestFiles {
  const images = randomImages(IMAGES, imageSize);
  const rowsFile = join(directory, 'images.f32');
  writeFileSync(rowsFile, images);
  return {
    rowsFile,
    source: 'random pixels',
    load: (cell) => writeBinary(join(directory, cell), imageRequests(images, imageSize)),
  };
}

function writeJson(bodiesFile: string, bodies: readonly string[]) {
  writeFileSync(bodiesFile, bodies.map((body) => `${body}\n`).join(''));
  return { bodiesFile, bodyBytes: mean(bodies.map((body) => body.length)) };
}

/** As `rotate-binary.lua` reads them. */
function writeBinary(bodiesFile: string, requests: readonly BinaryRequest[]) {
  const chunks = requests.flatMap(({ headers, body }) => {
    const lengths = Buffer.alloc(8);
    lengths.writeUInt32LE(Number(headers['inference-header-content-length']), 0);
    lengths.writeUInt32LE(body.length, 4);
    return [lengths, body];
  });
  writeFileSync(bodiesFile, Buffer.concat(chunks));
  return { bodiesFile, script: BINARY_SCRIPT, bodyBytes: mean(requests.map(({ body }) => body.length)) };
}

function mean(values: readonly number[]): number {
  return Math.round(values.reduce((sum, value) => sum + value, 0) / values.length);
}
