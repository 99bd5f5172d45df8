/** Entry of a worker's child process: takes its settings from the parent, serves, and makes its presence known. */
import type { ChildMessage, StartMessage } from '../provision/worker-messages.ts';
import { createLogger, type Logger } from '../telemetry/logger.ts';
import type { WorkerPresence } from '../worker/presence.ts';
import { type RunningWorker, startWorker } from '../worker/worker-process.ts';
import { EXIT } from './exit-code.ts';
import { ONNX_LOADER } from './onnx-loader.ts';
import { openWorkerTable } from './open-table.ts';
import { TablePresence } from './table-presence.ts';

type Settings = StartMessage['settings'];

/** Exit code of a worker whose model does not load. */
const EXIT_MODEL = 3;

let worker: RunningWorker | undefined;
let stopping = false;

async function stop(drainMs: number): Promise<void> {
  if (stopping) return;
  stopping = true;
  setTimeout(() => process.exit(EXIT.failed), drainMs).unref();
  await worker?.drain();
  process.exit(EXIT.ok);
}

function tellParent(message: ChildMessage): Promise<void> {
  return new Promise((resolve) => {
    // A parent that is gone is noticed by 'disconnect'; there is nobody to tell then.
    if (!process.connected) resolve();
    else process.send?.(message, () => resolve());
  });
}

const onFailed = (reason: string) => tellParent({ type: 'failed', reason });

/** Presence in a table of the parent's own: it writes what this process says. */
function presenceAtParent(): WorkerPresence {
  return {
    register: (introduction) => tellParent({ type: 'registered', introduction }),
    ready: () => tellParent({ type: 'ready' }),
    heartbeat: ({ rss_bytes }) => tellParent({ type: 'heartbeat', rss_bytes }),
    draining: () => tellParent({ type: 'draining' }),
    gone: () => tellParent({ type: 'gone' }),
    failed: onFailed,
  };
}

async function presenceInTable(
  { id_worker, supervised, revision, drainMs }: Settings,
  shared: NonNullable<Settings['table']>,
  log: Logger,
): Promise<WorkerPresence> {
  const { table } = await openWorkerTable(shared, `turntable-worker-${id_worker}`);
  return new TablePresence({
    table,
    supervised,
    revision,
    log,
    onFailed,
    onRetired: () => void stop(drainMs),
    onRemoved: () => {
      log.error(
        {},
        'somebody removed this worker from the control table, so that it gets no requests: it ends',
      );
      process.exit(EXIT.failed);
    },
  });
}

// Ctrl-C reaches the whole process group; the parent drains its workers in its own order.
process.on('SIGINT', () => {});

process.once('message', async ({ settings }: StartMessage) => {
  const { id_worker, table, drainMs } = settings;
  const log = createLogger().child({ id_worker });
  process.on('SIGTERM', () => void stop(drainMs));
  process.on('disconnect', () => {
    if (!table) void stop(drainMs);
    // The next controller that acts finds it in the table.
    else log.warn({}, 'the process that started this worker has ended: it serves on');
  });
  try {
    const presence = table ? await presenceInTable(settings, table, log) : presenceAtParent();
    worker = await startWorker(settings, ONNX_LOADER, presence, log);
    await worker.announced;
  } catch (error) {
    log.error({ err: error }, 'the worker could not start');
    process.exit(EXIT_MODEL);
  }
});
