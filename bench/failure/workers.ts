/** Workers that can be broken, each a process of its own: on HTTP, or on Turntable's channel. */
import { join } from 'node:path';
import { type OwnedProcess, startProcess } from '../support/owned-process.ts';
import type { TimedWorkerSettings } from '../support/timed-worker-process.ts';
import type { HttpBehaviour } from '../unequal/timed-http-server.ts';

const HTTP_WORKER = new URL('./timed-http-worker.ts', import.meta.url).pathname;
const CHANNEL_WORKER = new URL('../support/timed-worker-process.ts', import.meta.url).pathname;

export interface BreakableWorker extends AsyncDisposable {
  readonly process: OwnedProcess;
  /** Resolves when it has heard. */
  behave(how: HttpBehaviour): Promise<void>;
  /** What a supervisor does when it has died: another in its place. */
  replace(): Promise<BreakableWorker>;
}

export interface HttpWorker extends BreakableWorker {
  /** `host:port`. */
  readonly address: string;
}

/** @param port 0 for any; who takes its place has the same */
export async function startHttpWorker(
  port: number,
  directory: string,
  signal: AbortSignal,
): Promise<HttpWorker> {
  const logFile = join(directory, 'http-workers.log');
  const worker = await start([HTTP_WORKER, String(port)], logFile, signal);
  const { port: own } = worker.first as { readonly port: number };
  return {
    ...breakable(worker.process, signal),
    address: `127.0.0.1:${own}`,
    replace: () => startHttpWorker(own, directory, signal),
  };
}

/** @param number tells it apart from others in the same table */
export async function startChannelWorker(
  settings: Omit<TimedWorkerSettings, 'id_worker'>,
  number: number,
  directory: string,
  signal: AbortSignal,
): Promise<BreakableWorker> {
  const id_worker = `timed-1-${number}-${process.pid}`;
  const logFile = join(directory, `${id_worker}.log`);
  const worker = await start([CHANNEL_WORKER, JSON.stringify({ ...settings, id_worker })], logFile, signal);
  return {
    ...breakable(worker.process, signal),
    replace: () => startChannelWorker(settings, number + 1_000, directory, signal),
  };
}

/** Resolves with the first that it says, which it does when it is there for all. */
async function start(args: readonly string[], logFile: string, signal: AbortSignal) {
  const started = await startProcess(process.execPath, args, { logFile, ipc: true });
  try {
    return { process: started, first: await started.nextMessage(signal) };
  } catch (error) {
    await started[Symbol.asyncDispose]();
    throw error;
  }
}

function breakable(started: OwnedProcess, signal: AbortSignal) {
  return {
    process: started,
    async behave(how: HttpBehaviour) {
      const answer = started.nextMessage(signal);
      started.child.send({ behave: how });
      await answer;
    },
    async [Symbol.asyncDispose]() {
      // Nothing of it is to be kept, and one that is stopped or mute would not end in time.
      started.child.kill('SIGKILL');
      await started[Symbol.asyncDispose]();
    },
  };
}
