/** Turntable as a user starts it: `serve` on a model repository, measured from outside. */
import { cpSync, mkdirSync, mkdtempSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { freePort } from '../../test/support/free-port.ts';
import { waitUntilOk } from './http-ready.ts';
import type { MeasuredSystem } from './measured-system.ts';
import { startProcess } from './owned-process.ts';
import { descendantsOf, ownTicks, readProcessTable, treeTicks } from './process-cpu.ts';

export const MAIN = resolve(import.meta.dirname, '../../src/cli/main.ts');

export interface TurntableOptions {
  /** Which models of the repository to serve, and no others. */
  readonly models: readonly string[];
  /** The model repository to copy them from. */
  readonly repository: string;
  readonly replicas: number;
  /** URL of the control table; absent: in the server's memory. */
  readonly table?: string;
  /** Further options of `serve`. */
  readonly flags?: readonly string[];
  /** A module that each of its processes loads before its own. */
  readonly preload?: string;
  /** How it is called in results. */
  readonly name?: string;
  /** For the copy and the log; the caller removes it. */
  readonly directory: string;
}

export interface TurntableServer extends MeasuredSystem {
  /** The process that runs gateway and controller. */
  readonly gatewayPid: number;
  workerPids(): number[];
  inferUrlOf(model: string): string;
}

/** Starts a server and waits until all its models are ready. The first model is the one that load goes to. */
export async function startTurntable(
  options: TurntableOptions,
  signal: AbortSignal,
): Promise<TurntableServer> {
  const directory = mkdtempSync(join(options.directory, 'turntable-'));
  const models = copyModels(options, directory);
  const port = await freePort();
  const server = await startProcess(
    process.execPath,
    [
      ...(options.preload === undefined ? [] : ['--import', options.preload]),
      ...[MAIN, 'serve', models, '--port', String(port), '--replicas', String(options.replicas)],
      ...(options.table === undefined ? [] : ['--table', options.table]),
      ...(options.flags ?? []),
    ],
    { logFile: join(directory, 'serve.log') },
  );
  const url = `http://127.0.0.1:${port}/v2/models`;
  try {
    for (const model of options.models) await waitUntilOk(`${url}/${model}/ready`, [server], signal);
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }

  return {
    name: options.name ?? 'turntable',
    inferUrl: `${url}/${options.models[0]}/infer`,
    inferUrlOf: (model) => `${url}/${model}/infer`,
    gatewayPid: server.pid,
    workerPids: () => descendantsOf(readProcessTable(), server.pid),
    cpuTicks(table) {
      const gateway = ownTicks(table, server.pid);
      return { gateway, workers: treeTicks(table, server.pid) - gateway };
    },
    assertRunning: () => server.assertRunning(),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** The path of a repository of these models alone. A copy, as links in a repository need not be followed. */
export function copyModels(
  { models, repository }: Pick<TurntableOptions, 'models' | 'repository'>,
  directory: string,
): string {
  const path = join(directory, 'models');
  mkdirSync(path);
  for (const model of models) {
    cpSync(join(repository, model), join(path, model), { recursive: true, dereference: true });
  }
  return path;
}
