/** MLServer (Seldon) with the fraud model in a custom runtime, adaptive batching and parallel workers. */
import { copyFileSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../../test/support/free-port.ts';
import { ensurePython } from '../../support/python-environment.ts';
import { type ModelServer, ONNXRUNTIME, type ServerStart, startModelServer } from '../model-server.ts';

const VERSION = '1.7.1';
/**
 * Its HTTP server takes httptools, a parser in C, when it is there, and does not bring it. Its workers do not start
 * with an uvloop from 0.22 on, which makes no event loop where there is none.
 */
const REQUIREMENTS = [`mlserver==${VERSION}`, ONNXRUNTIME, 'httptools==0.9.0', 'uvloop==0.21.0'];

/**
 * Tuned for this load. Not `debug`, which logs each request; no metrics and no compression, each a layer of
 * middleware around every request. Requests are merged in the parent process and dealt to workers in turn.
 */
const SERVER_SETTINGS = {
  ...{ debug: false, metrics_endpoint: null, gzip_enabled: false, host: '127.0.0.1' },
};

/** At most so many requests in a batch, and so many seconds for it to fill. */
const BATCHING = { max_batch_size: 16, max_batch_time: 0.001 };

/** @returns null, after a line that says why, when it cannot be had */
export async function startMlserver(start: ServerStart): Promise<ModelServer | null> {
  const python = ensurePython('mlserver', REQUIREMENTS, start.say);
  if (python === null) return null;
  const directory = mkdtempSync(join(start.directory, 'mlserver-'));
  const [http_port, grpc_port] = [await freePort(), await freePort()];
  copyFileSync(start.fraudModel, join(directory, 'model.onnx'));
  copyFileSync(join(import.meta.dirname, 'onnx_fraud.py'), join(directory, 'onnx_fraud.py'));
  const settings = { ...SERVER_SETTINGS, http_port, grpc_port, parallel_workers: start.workers };
  writeFileSync(join(directory, 'settings.json'), JSON.stringify(settings));
  const model = {
    ...{ name: 'fraud', implementation: 'onnx_fraud.OnnxFraud', ...BATCHING },
    parameters: { uri: './model.onnx', version: '1' },
  };
  writeFileSync(join(directory, 'model-settings.json'), JSON.stringify(model));
  const url = `http://127.0.0.1:${http_port}/v2/models/fraud`;
  return startModelServer(
    {
      ...{ name: 'mlserver', version: VERSION },
      command: [join(python.bin, 'mlserver'), 'start', directory],
      environment: { PYTHONPATH: directory, OMP_NUM_THREADS: '1' },
      ...{ readyUrl: `${url}/ready`, inferUrl: `${url}/infer` },
      logFile: join(directory, 'mlserver.log'),
    },
    start.signal,
  );
}
