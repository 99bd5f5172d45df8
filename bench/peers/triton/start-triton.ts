/** Triton Inference Server with the fraud model on ONNX Runtime, two instances, dynamic batching. */
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../../test/support/free-port.ts';
import { ensurePython } from '../../support/python-environment.ts';
import { type ModelServer, ONNXRUNTIME, type ServerStart, startModelServer } from '../model-server.ts';

/**
 * Triton itself comes in containers, and `tritonserver` of the package index is a placeholder for this Python. NVIDIA's
 * PyTriton carries the server's binary with the Python backend alone; the backend for ONNX in C++ is not to be had.
 * So this is Triton's HTTP server, scheduler and batcher before ONNX Runtime in Python processes.
 */
const PYTRITON = '0.7.0';
const REQUIREMENTS = [`nvidia-pytriton==${PYTRITON}`, ONNXRUNTIME];
/** The program that an instance is, one for each Python. */
const STUB = 'triton_python_backend_stub';

/**
 * `dynamic_batching` without a delay: what came while the instances were busy is the next batch, at most 16 requests
 * of four rows. Both answers have a dimension beside that of the batch, which a model with batches needs.
 */
const configure = (instances: number) => `
name: "fraud"
backend: "python"
max_batch_size: 64
input [ { name: "input" data_type: TYPE_FP32 dims: [ 30 ] } ]
output [
  { name: "label" data_type: TYPE_INT64 dims: [ 1 ] },
  { name: "probabilities" data_type: TYPE_FP32 dims: [ 2 ] }
]
instance_group [ { count: ${instances} kind: KIND_CPU } ]
dynamic_batching { max_queue_delay_microseconds: 0 }
`;

/** @returns null, after a line that says why, when it cannot be had */
export async function startTriton(start: ServerStart): Promise<ModelServer | null> {
  const python = ensurePython('triton', REQUIREMENTS, start.say);
  if (python === null) return null;
  const [version] = readdirSync(join(python.root, 'lib'));
  const packages = join(python.root, 'lib', version!, 'site-packages');
  const triton = join(packages, 'pytriton/tritonserver');
  const stub = join(triton, 'python_backend_stubs', version!.replace('python', ''), STUB);
  if (!existsSync(stub)) {
    start.say(`MISSING: Triton's Python backend for ${version}; it is skipped`);
    return null;
  }
  const directory = mkdtempSync(join(start.directory, 'triton-'));
  const model = join(directory, 'models/fraud');
  mkdirSync(join(model, '1'), { recursive: true });
  copyFileSync(start.fraudModel, join(model, '1/model.onnx'));
  copyFileSync(join(import.meta.dirname, 'model.py'), join(model, '1/model.py'));
  // As Triton looks for a backend: its library, and the program that is an instance, side by side.
  const backend = join(directory, 'backends/python');
  cpSync(join(triton, 'backends/python'), backend, { recursive: true });
  copyFileSync(stub, join(backend, STUB));
  writeFileSync(join(model, 'config.pbtxt'), configure(start.workers));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/v2/models/fraud`;
  const logFile = join(directory, 'triton.log');
  const server = await startModelServer(
    {
      ...{ name: 'triton', version: `of pytriton ${PYTRITON}` },
      command: [
        ...[join(triton, 'bin/tritonserver'), '--model-repository', join(directory, 'models')],
        ...['--backend-directory', join(directory, 'backends'), '--cache-directory', join(triton, 'caches')],
        ...['--http-address', '127.0.0.1', '--http-port', String(port)],
        // Threads beyond the cores only add switches. The metrics read the processor's state all the time.
        ...['--http-thread-count', '2', '--allow-grpc', 'false', '--allow-metrics', 'false'],
        ...['--disable-auto-complete-config'],
      ],
      environment: {
        ...{ SITE_PACKAGES: packages, OMP_NUM_THREADS: '1' },
        LD_LIBRARY_PATH: join(packages, 'nvidia_pytriton.libs'),
      },
      ...{ readyUrl: `${url}/ready`, inferUrl: `${url}/infer`, logFile },
    },
    start.signal,
  );
  return { ...server, version: versionOf(logFile) ?? server.version };
}

function versionOf(logFile: string): string | null {
  return /server_version\s*\|\s*(\S+)/.exec(readFileSync(logFile, 'utf8'))?.[1] ?? null;
}
