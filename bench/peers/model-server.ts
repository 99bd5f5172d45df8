/** A model server of others, as a process of ours: what it is measured by, and which version it is. */
import { waitUntilOk } from '../support/http-ready.ts';
import type { MeasuredSystem } from '../support/measured-system.ts';
import { type OwnedProcess, startProcess } from '../support/owned-process.ts';
import { ownTicks, type ProcessTable, treeTicks } from '../support/process-cpu.ts';

export interface ModelServer extends MeasuredSystem {
  readonly version: string;
}

/** What every peer is started with. */
export interface ServerStart {
  /** The ONNX file that all of them serve. */
  readonly fraudModel: string;
  /** Processes that infer. */
  readonly workers: number;
  /** For files of its own; the caller removes it. */
  readonly directory: string;
  /** One line of progress. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** ONNX Runtime of the Python peers: the release that Turntable's workers run, so that the engine is the same. */
export const ONNXRUNTIME = 'onnxruntime==1.30.0';

interface ServerProcess {
  readonly name: string;
  readonly version: string;
  readonly command: readonly string[];
  /** Added to those of this process. */
  readonly environment: Readonly<Record<string, string>>;
  /** Answered with 200 once requests are. */
  readonly readyUrl: string;
  readonly inferUrl: string;
  readonly logFile: string;
  /** The gateway's and the workers' time; absent: the gateway is the process itself, its descendants are workers. */
  readonly cpuTicks?: (table: ProcessTable, pid: number) => { gateway: number; workers: number };
}

/** Starts one process, which may start others, and waits until it answers. */
export async function startModelServer(server: ServerProcess, signal: AbortSignal): Promise<ModelServer> {
  const { name, version, command, environment, readyUrl, inferUrl, logFile } = server;
  const own = await startProcess(
    'env',
    [...Object.entries(environment).map(([key, value]) => `${key}=${value}`), ...command],
    { logFile },
  );
  try {
    await waitUntilOk(readyUrl, [own], signal);
  } catch (error) {
    await own[Symbol.asyncDispose]();
    throw error;
  }
  return {
    name,
    version,
    inferUrl,
    cpuTicks: (table) => (server.cpuTicks ?? parentAndChildren)(table, own.pid),
    assertRunning: () => own.assertRunning(),
    [Symbol.asyncDispose]: () => own[Symbol.asyncDispose](),
  };
}

function parentAndChildren(table: ProcessTable, pid: OwnedProcess['pid']) {
  const gateway = ownTicks(table, pid);
  return { gateway, workers: treeTicks(table, pid) - gateway };
}
