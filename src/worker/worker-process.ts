/** The life of one worker process: load, warm up, listen, register, serve, drain. */
import { hostname } from 'node:os';
import { ChannelServer } from '../channel/channel-server.ts';
import { parseEndpoint, tcpEndpoint } from '../channel/endpoint.ts';
import type { WorkerSettings } from '../config/worker-settings.ts';
import type { ModelSignature, TensorSpec } from '../oip/tensor.ts';
import { AdaptiveSession } from './adaptive-session.ts';
import type { InferenceSession } from './inference-session.ts';
import { ModelServer } from './model-server.ts';
import type { WorkerPresence } from './presence.ts';
import { DEFAULT_MAX_BATCH_ROWS, deriveSignature } from './signature.ts';
import { usefulSlots } from './useful-slots.ts';
import { batchGain, exercise, hasIndependentRows, warmUp } from './warm-up.ts';

export interface WorkerLog {
  info(fields: Record<string, unknown>, message: string): void;
  debug(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
}

/** Loads the model's session; the wiring decides on what runtime. */
export interface SessionLoader {
  /** Triton's name for that runtime. */
  readonly platform: string;
  /** For short runs: on the calling thread. */
  inline(modelPath: string, intraOpThreads: number): Promise<InferenceSession>;
  /** For long runs: on a thread of its own. */
  threaded(
    modelPath: string,
    intraOpThreads: number,
    model: { readonly inputs: readonly TensorSpec[]; readonly outputs: readonly TensorSpec[] },
  ): Promise<InferenceSession>;
}

/** A full batch that takes longer than this runs on a thread of its own, so that pings are answered meanwhile. */
const LONGEST_INLINE_RUN_MS = 10;
/** A run on the event loop that takes this much of the processor's time shows that the measurement at the start does not hold. */
const MOVE_AFTER_RUN_MS = 50;
/** Requests that a worker holds at most, in multiples of the slots that it tells each gateway of. */
const HELD_PER_SLOT = 4;
const MAX_BUFFERED_BYTES = 512 * 1024 * 1024;

export interface RunningWorker {
  /** Where gateways reach it. */
  readonly endpoint: string;
  /** Resolves when it has been told that it is ready; that may take as long as nobody can be told. */
  readonly announced: Promise<void>;
  /** Finishes what it has, accepts nothing new, and resolves when all is answered. */
  drain(): Promise<void>;
}

/**
 * Starts serving; resolves when the worker listens and its model is warm.
 * @throws ModelLoadError or ConfigContradictsModel, after `presence` was told
 */
export async function startWorker(
  settings: WorkerSettings,
  loader: SessionLoader,
  presence: WorkerPresence,
  log: WorkerLog,
): Promise<RunningWorker> {
  const now = () => performance.now();
  const { id_worker, id_model, version, config } = settings;
  const prepared = await prepareModel(settings, loader, log).catch(async (error: unknown) => {
    await presence.failed((error as Error).message);
    throw error;
  });
  const { session, signature, maxBatchRows, slots } = prepared;
  const models = new ModelServer({
    model: { name: id_model, version },
    session,
    signature,
    maxBatchRows,
    maxDelayMs: (config.maxQueueDelayUs ?? 0) / 1000,
    now,
  });
  const server = new ChannelServer({
    id_worker,
    maxRequests: HELD_PER_SLOT * slots,
    maxBodyBytes: settings.maxBodyBytes,
    maxBufferedBytes: Math.max(MAX_BUFFERED_BYTES, settings.maxBodyBytes),
    onRequest: (request) => models.handle(request),
    log: (event, fields) => log.warn({ event, ...fields }, 'channel trouble'),
  });
  const address = await server.listen(parseEndpoint(settings.endpoint)).catch(async (error: unknown) => {
    await session.close();
    throw error;
  });
  const endpoint =
    'path' in address ? settings.endpoint : tcpEndpoint(settings.advertise || address.host, address.port);
  let heartbeat: NodeJS.Timeout | undefined;
  let ended = false;
  const announce = async () => {
    await presence.register({
      id_worker,
      id_model,
      version,
      endpoint,
      slots,
      weight: settings.weight,
      node: hostname(),
      pid: process.pid,
      signature,
      max_batch_size: signature.batchable ? maxBatchRows : 0,
      max_queue_delay_us: config.maxQueueDelayUs ?? 0,
      idempotent: config.idempotent ?? true,
      platform: loader.platform,
    });
    await presence.ready();
    if (ended) return;
    heartbeat = setInterval(() => {
      presence.heartbeat({ rss_bytes: process.memoryUsage.rss() }).catch((error: Error) => {
        log.warn({ error: error.message }, 'a sign of life could not be given');
      });
    }, settings.heartbeatMs);
  };
  return {
    endpoint,
    announced: announce(),
    async drain() {
      await presence.draining();
      await server.drain();
      ended = true;
      clearInterval(heartbeat);
      await presence.gone();
      await session.close();
    },
  };
}

/** Whether the size of a row is up to the request: then no measurement says how long a run takes. */
function hasOpenShape({ inputs, batchable }: ModelSignature): boolean {
  return inputs.some(({ shape }) => shape.some((dimension, i) => dimension < 0 && !(batchable && i === 0)));
}

interface PreparedModel {
  readonly session: InferenceSession;
  readonly signature: ModelSignature;
  readonly maxBatchRows: number;
  readonly slots: number;
}

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1e3;
}

async function prepareModel(
  settings: WorkerSettings,
  loader: SessionLoader,
  log: WorkerLog,
): Promise<PreparedModel> {
  const now = () => performance.now();
  const { config, modelPath } = settings;
  const threads = config.intraOpThreads ?? 1;
  let session = await loader.inline(modelPath, threads);
  let signature = deriveSignature(session, config);
  const warm = await warmUp(session, signature, now);
  if (warm.error !== undefined) {
    log.warn({ error: warm.error }, 'the model refuses made-up input; it is served without a warm-up');
  }
  if (signature.batchable && config.maxBatchSize === undefined) {
    if (!(await hasIndependentRows(session, signature))) {
      const what =
        'rows of a batch change each other in this model, or it cannot be told; it takes one request at a time';
      log.warn({ advice: 'set max_batch_size if they do not' }, what);
      signature = { ...signature, batchable: false };
    }
  }
  const maxBatchRows = signature.batchable ? (config.maxBatchSize ?? DEFAULT_MAX_BATCH_ROWS) : 1;
  const gain =
    maxBatchRows > 1 && warm.error === undefined
      ? await batchGain(session, signature, maxBatchRows, warm.runMs, now)
      : undefined;
  const slots = usefulSlots({ maxBatchRows, rowMs: warm.runMs, gain });
  const inline = session;
  const { inputs, outputs } = session;
  const loadThreaded = () => loader.threaded(modelPath, threads, { inputs, outputs });
  if (warm.runMs * maxBatchRows > LONGEST_INLINE_RUN_MS || hasOpenShape(signature)) {
    session = await loadThreaded();
    await inline.close();
    await warmUp(session, signature, now);
  } else {
    session = new AdaptiveSession({
      inline,
      loadThreaded,
      longestInlineMs: MOVE_AFTER_RUN_MS,
      cpuMs: threadCpuMs,
      onMoved: (runMs) =>
        log.info({ runMs }, 'runs of this model are long; they move to a thread of their own'),
    });
  }
  if (warm.error === undefined) {
    const model = { name: settings.id_model, version: settings.version };
    // NaN, which the made-up input of some models leads to, cannot be encoded; that is no fault of the model.
    await exercise(session, signature, model, now).catch((error: Error) => {
      log.debug({ error: error.message }, 'made-up requests cannot be answered');
    });
  }
  const { batchable } = signature;
  log.debug({ runMs: warm.runMs, maxBatchRows, gain, slots, batchable }, 'model is warm');
  return { session, signature, maxBatchRows, slots };
}
