/** The load generator: wrk in a closed loop or at a fixed pace, one thread, keep-alive connections. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface WrkLoad {
  readonly url: string;
  /** One JSON body a line, or what `script` reads; they are posted in turn. */
  readonly bodiesFile: string;
  /** Path of another script than the one for JSON bodies, with its arguments and its result line. */
  readonly script?: string;
  readonly connections: number;
  /** Whole seconds: wrk takes no fractions. */
  readonly seconds: number;
  /** Requests a second; absent: as many as the connections carry, each sending when it was answered. */
  readonly pace?: number;
}

export interface WrkResult {
  readonly requests: number;
  readonly durationUs: number;
  readonly p50Us: number;
  readonly p90Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly maxUs: number;
  /** Answers with a status of 400 or above, and socket errors by kind. */
  readonly failed: Readonly<Record<'status' | 'connect' | 'read' | 'write' | 'timeout', number>>;
}

export async function runWrk(load: WrkLoad, signal: AbortSignal): Promise<WrkResult> {
  const { stdout } = await promisify(execFile)(
    'wrk',
    [
      '--threads=1',
      `--connections=${load.connections}`,
      `--duration=${load.seconds}s`,
      '--timeout=10s',
      `--script=${load.script ?? join(import.meta.dirname, 'rotate-bodies.lua')}`,
      load.url,
      '--',
      load.bodiesFile,
      ...(load.pace === undefined ? [] : [String(load.pace)]),
    ],
    { signal },
  );
  const result = /^result (.*)$/m.exec(stdout)?.[1];
  if (result === undefined) throw new Error(`wrk gave no result for ${load.url}:\n${stdout}`);
  return JSON.parse(result);
}
