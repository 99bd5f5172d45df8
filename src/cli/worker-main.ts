/** Entry of a worker's child process: takes its settings from the parent, serves, and tells the parent of its life. */
import type { ChildMessage, StartMessage } from '../provision/worker-messages.ts';
import { createLogger } from '../telemetry/logger.ts';
import { OnnxSession } from '../worker/onnx/onnx-session.ts';
import { ThreadedSession } from '../worker/onnx/threaded-session.ts';
import type { WorkerPresence } from '../worker/presence.ts';
import { type RunningWorker, startWorker } from '../worker/worker-process.ts';

/** Presence over the IPC channel to the parent. */
function ipcPresence(id_worker: string): WorkerPresence {
  const tell = (message: ChildMessage) =>
    new Promise<void>((resolve) => {
      // A parent that is gone is noticed by 'disconnect'; there is nobody to tell then.
      if (!process.connected) resolve();
      else process.send?.(message, () => resolve());
    });
  return {
    register: (introduction) => tell({ type: 'registered', ...introduction }),
    ready: () => tell({ type: 'ready', id_worker }),
    heartbeat: ({ rss_bytes }) => tell({ type: 'heartbeat', id_worker, rss_bytes }),
    draining: () => tell({ type: 'draining', id_worker }),
    failed: (reason) => tell({ type: 'failed', id_worker, reason }),
  };
}

/** Exit code of a worker whose model does not load. */
const EXIT_MODEL = 3;

let worker: RunningWorker | undefined;
let stopping = false;

async function stop(drainMs: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  setTimeout(() => process.exit(1), drainMs).unref();
  await worker?.drain();
  process.exit(0);
}

// Ctrl-C reaches the whole process group; the parent drains its workers in its own order.
process.on('SIGINT', () => {});

process.once('message', async (message: StartMessage) => {
  const { settings } = message;
  const { id_worker } = settings;
  const log = createLogger().child({ id_worker });
  process.on('SIGTERM', () => void stop(settings.drainMs));
  process.on('disconnect', () => void stop(settings.drainMs));
  try {
    worker = await startWorker(
      settings,
      {
        inline: (modelPath, threads) => OnnxSession.load(modelPath, threads),
        threaded: (modelPath, threads, model) => ThreadedSession.load(modelPath, threads, model),
      },
      ipcPresence(id_worker),
      log,
    );
  } catch (error) {
    log.error({ err: error }, 'the worker could not start');
    process.exit(EXIT_MODEL);
  }
});
