/** Starts workers of set speeds, each system's own: what one system left waiting must not slow another. */
import { join } from 'node:path';
import { type OwnedProcess, startProcess } from '../support/owned-process.ts';

const PROGRAM = join(import.meta.dirname, 'timed-http-workers.ts');

/** The table in which the workers are to stand; what an operator would say with `turntable attach`. */
export interface TableEntry {
  readonly url: string;
  readonly prefix: string;
  /** Requests at once, of each worker. */
  readonly slots: number;
  /** Of each worker, for a policy that goes by what it is told. */
  readonly weights: readonly number[];
}

export interface WorkersOptions {
  readonly speeds: readonly number[];
  readonly table: TableEntry | null;
}

export interface TimedWorkers extends OwnedProcess {
  /** `host:port` of each. */
  readonly addresses: readonly string[];
  /** Requests that each has been given so far. */
  countRequests(signal: AbortSignal): Promise<readonly number[]>;
}

/** Resolves when all listen and stand in the table. */
export async function startTimedWorkers(
  options: WorkersOptions,
  directory: string,
  signal: AbortSignal,
): Promise<TimedWorkers> {
  const workers = await startProcess(process.execPath, [PROGRAM, JSON.stringify(options)], {
    ...{ logFile: join(directory, 'timed-workers.log'), ipc: true },
  });
  try {
    const { ports } = (await workers.nextMessage(signal)) as { ports: number[] };
    return {
      ...workers,
      addresses: ports.map((port) => `127.0.0.1:${port}`),
      async countRequests(signal) {
        const answer = workers.nextMessage(signal);
        workers.child.send('count');
        return ((await answer) as { requests: number[] }).requests;
      },
    };
  } catch (error) {
    await workers[Symbol.asyncDispose]();
    throw error;
  }
}
