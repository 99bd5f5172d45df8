/** `turntable worker`: one version of one model in this process, registered in a shared table by itself. */
import { randomBytes } from 'node:crypto';
import { advertisedHost, tcpEndpoint } from '../channel/endpoint.ts';
import { loadConfig } from '../config/load-config.ts';
import { type ModelVersion, readModel } from '../repository/model-repository.ts';
import { modelRevision } from '../repository/model-revision.ts';
import { newWorkerId } from '../table/worker-id.ts';
import { createLogger } from '../telemetry/logger.ts';
import { TurntableError } from '../turntable-error.ts';
import { startWorker } from '../worker/worker-process.ts';
import { EXIT } from './exit-code.ts';
import { ONNX_LOADER } from './onnx-loader.ts';
import { displayTable, openWorkerTable, requireSharedTable } from './open-table.ts';
import { onStopSignals } from './stop-signals.ts';
import { TablePresence } from './table-presence.ts';

class NotServedError extends TurntableError<'NOT_SERVED'> {
  constructor(message: string) {
    super('NOT_SERVED', message);
  }
}

/**
 * @param model a model of the repository, or `model/version`
 * @param flags the command line's options, by the names of the configuration's fields
 */
export async function runWorker(
  model: string,
  repository: string,
  flags: Readonly<Record<string, unknown>>,
): Promise<void> {
  const config = loadConfig('worker', flags, process.env);
  const shared = requireSharedTable('worker', config);
  const found = await findVersion(repository, model);
  const { idModel, version, modelPath } = found;
  const revision = await modelRevision(found);
  const id_worker = newWorkerId(idModel, version, randomBytes(8).readBigUInt64LE());
  const log = createLogger().child({ id_worker });
  const { table, ready } = await openWorkerTable(shared, `turntable-worker-${id_worker}`);
  const presence = new TablePresence({
    table,
    supervised: false,
    revision,
    log,
    // As if somebody had asked this process to end.
    onRetired: () => process.kill(process.pid, 'SIGTERM'),
    onRemoved: () => {
      log.error(
        {},
        'somebody removed this worker from the control table, so that it gets no requests: it ends',
      );
      process.exit(EXIT.failed);
    },
  });
  try {
    await ready();
    const worker = await startWorker(
      {
        ...{ id_worker, id_model: idModel, version, modelPath, config: found.config },
        endpoint: tcpEndpoint(config.host, config.port),
        advertise: advertisedHost(config.host, config.advertise),
        ...{ revision, supervised: false, table: shared },
        weight: config.weight,
        heartbeatMs: config.heartbeatMs,
        maxBodyBytes: config.maxBodyBytes,
        drainMs: config.drainMs,
      },
      ONNX_LOADER,
      presence,
      log,
    );
    onStopSignals(log, async () => {
      setTimeout(() => process.exit(EXIT.failed), config.drainMs).unref();
      await worker.drain();
      await table.close();
    });
    await worker.announced;
    process.stdout.write(
      `Turntable worker ${id_worker} serves ${idModel} version ${version} at ${worker.endpoint}, ` +
        `registered in ${await displayTable(config)}\n`,
    );
  } catch (error) {
    await table.close();
    throw error;
  }
}

/** @throws NotServedError that says what is wrong or what there is instead */
async function findVersion(repository: string, model: string): Promise<ModelVersion> {
  const [idModel = '', wanted] = model.split('/', 2);
  const { versions, problems } = await readModel(repository, idModel);
  const found = wanted === undefined ? versions.at(-1) : versions.find(({ version }) => version === wanted);
  if (found) return found;
  const ofThis = problems.filter(
    ({ version }) => version === undefined || wanted === undefined || version === wanted,
  );
  const reasons = ofThis.map(({ message }) => message);
  if (versions.length > 0) {
    reasons.push(`served of ${idModel}: ${versions.map(({ version }) => version).join(', ')}`);
  }
  throw new NotServedError(`"${model}" cannot be served: ${reasons.join('; ')}`);
}
