/** Starts the systems that are compared, those that the options ask for. */
import { startDirect } from '../peers/direct.ts';
import { startNginx } from '../peers/nginx.ts';
import type { MeasuredSystem } from '../support/measured-system.ts';
import { startTurntable, type TurntableServer } from '../support/turntable-server.ts';
import type { BenchRun } from './bench-run.ts';
import { type OnnxLoops, startOnnxLoops } from './onnx-limit.ts';

/** Of Turntable, and of the peer behind NGINX. */
export const WORKERS = 2;

export interface Systems extends AsyncDisposable {
  readonly turntable: TurntableServer | null;
  readonly nginx: MeasuredSystem | null;
  readonly direct: MeasuredSystem | null;
  readonly onnx: OnnxLoops | null;
}

export async function startSystems(run: BenchRun): Promise<Systems> {
  await using started = new AsyncDisposableStack();
  const { directory, fraudModel, options, signal } = run;
  const startIf = async <T extends AsyncDisposable>(
    wanted: boolean,
    start: () => Promise<T>,
  ): Promise<T | null> => (wanted ? started.use(await start()) : null);

  const turntable = await startIf(options.parts.has('turntable'), () =>
    startTurntable({ models: ['fraud'], repository: options.models, replicas: WORKERS, directory }, signal),
  );
  const nginx = await startIf(options.parts.has('nginx'), () =>
    startNginx(fraudModel, WORKERS, directory, signal),
  );
  const direct = await startIf(options.parts.has('direct'), () => startDirect(fraudModel, directory, signal));
  const onnx = await startIf(options.parts.has('onnx'), () =>
    startOnnxLoops({ ...run, modelFile: fraudModel }, WORKERS, signal),
  );

  const owned = started.move();
  return { turntable, nginx, direct, onnx, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
