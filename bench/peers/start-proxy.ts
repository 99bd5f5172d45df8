/** A proxy of others as a process of ours: there once it answers through to its workers. */
import { waitUntilOk } from '../support/http-ready.ts';
import { type OwnedProcess, startProcess } from '../support/owned-process.ts';

export interface ProxyProcess extends OwnedProcess {
  readonly url: string;
}

/** What makes a proxy notice that a worker is unwell: each peer with all of its means, at the same pace. */
export interface HealthChecks {
  /** From one question to the next at each worker, and how long its answer may take. */
  readonly intervalMs: number;
  /** How long one try of a request may take before the proxy gives it to another worker. */
  readonly tryTimeoutMs: number;
}

/** The same for every proxy; what one does not know it leaves aside. */
export interface ProxyOptions {
  /** `host:port` of each. */
  readonly workers: readonly string[];
  /** Of its own. */
  readonly directory: string;
  /** Requests that a worker gets at once, beyond which they wait in the proxy (HAProxy alone); null: any number. */
  readonly maxconn?: number | null;
  /** Absent or false: nothing takes a worker's turn, and a request waits as long as it must. */
  readonly healthChecks?: HealthChecks | false;
}

/** What workers answer 200 to while they are well. */
export const HEALTH_PATH = '/v2/health/ready';
/** Longer than the longest queue that a burst leaves. */
export const PATIENCE_MS = 120_000;

/** @param port at 127.0.0.1 that it is configured to listen on */
export async function startProxy(
  command: string,
  args: readonly string[],
  { port, logFile }: { readonly port: number; readonly logFile: string },
  signal: AbortSignal,
): Promise<ProxyProcess> {
  const url = `http://127.0.0.1:${port}`;
  const proxy = await startProcess(command, args, { logFile });
  try {
    await waitUntilOk(`${url}${HEALTH_PATH}`, [proxy], signal);
  } catch (error) {
    await proxy[Symbol.asyncDispose]();
    throw error;
  }
  return { ...proxy, url };
}
