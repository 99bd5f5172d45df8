/** BentoML with the fraud model in one service of two workers that batch adaptively. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../../test/support/free-port.ts';
import { ensurePython } from '../../support/python-environment.ts';
import { type ModelServer, ONNXRUNTIME, type ServerStart, startModelServer } from '../model-server.ts';

/** Of 1.4.40 the metadata asks for a release of certifi that there is not. */
const VERSION = '1.4.39';
/** Event loop and HTTP parser in C, which its HTTP server takes when they are there. */
const REQUIREMENTS = [
  `bentoml==${VERSION}`,
  ...[ONNXRUNTIME, 'uvloop==0.23.0', 'httptools==0.9.0', 'orjson==3.13.0'],
];

/**
 * Every worker is an HTTP server on the same socket, with a batcher of its own: there is no gateway. The production
 * mode of `serve`, as it is without --reload; what else is tuned stands in service.py.
 * @returns null, after a line that says why, when it cannot be had
 */
export async function startBentoml(start: ServerStart): Promise<ModelServer | null> {
  const python = ensurePython('bentoml', REQUIREMENTS, start.say);
  if (python === null) return null;
  const directory = mkdtempSync(join(start.directory, 'bentoml-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  return startModelServer(
    {
      ...{ name: 'bentoml', version: VERSION },
      command: [
        ...[join(python.bin, 'bentoml'), 'serve', 'service:Fraud', '--working-dir', import.meta.dirname],
        ...['--host', '127.0.0.1', '--port', String(port), '--timeout-keep-alive', '60'],
      ],
      environment: {
        ...{ MODEL_FILE: start.fraudModel, WORKERS: String(start.workers), OMP_NUM_THREADS: '1' },
        // It keeps files in the user's directory, and tells its makers of every start.
        ...{ BENTOML_HOME: directory, BENTOML_DO_NOT_TRACK: 'True', PYTHONDONTWRITEBYTECODE: '1' },
        // Traces that nobody collects.
        OTEL_SDK_DISABLED: 'true',
      },
      ...{ readyUrl: `${url}/readyz`, inferUrl: `${url}/v2/models/fraud/infer` },
      logFile: join(directory, 'bentoml.log'),
    },
    start.signal,
  );
}
