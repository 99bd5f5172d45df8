/** A proxy of others as a process of ours: there once it answers through to its workers. */
import { waitUntilOk } from '../support/http-ready.ts';
import { type OwnedProcess, startProcess } from '../support/owned-process.ts';

export interface ProxyProcess extends OwnedProcess {
  readonly url: string;
}

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
    await waitUntilOk(`${url}/v2/health/ready`, [proxy], signal);
  } catch (error) {
    await proxy[Symbol.asyncDispose]();
    throw error;
  }
  return { ...proxy, url };
}
