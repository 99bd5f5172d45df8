/** Starts plain workers, the peers that Turntable's workers are compared with. */
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type OwnedProcess, startProcess } from '../support/owned-process.ts';

const PLAIN_WORKER = join(import.meta.dirname, 'plain-worker.ts');

export interface PlainWorker extends OwnedProcess {
  /** `host:port`, or `unix:/path` as NGINX spells it. */
  readonly address: string;
}

/** `listen` is a port (0 for any) or the path of a Unix socket. Resolves when the worker listens. */
export async function startPlainWorker(
  modelFile: string,
  listen: number | string,
  directory: string,
  signal: AbortSignal,
): Promise<PlainWorker> {
  const worker = await startProcess(process.execPath, [PLAIN_WORKER, modelFile, String(listen)], {
    logFile: join(directory, 'plain-worker.log'),
    ipc: true,
  });
  const { address } = (await worker.nextMessage(signal)) as { address: string | AddressInfo };
  return {
    ...worker,
    address: typeof address === 'string' ? `unix:${address}` : `${address.address}:${address.port}`,
  };
}
