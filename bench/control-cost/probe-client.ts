/** The benchmark's side of the probes: asks the threads of a process that has them. */
import { once } from 'node:events';
import { mkdtempSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { CpuProfile } from './profile-parts.ts';

/** As the system calls it. */
export interface ThreadId {
  readonly pid: number;
  readonly tid: number;
}

/** To each command its answer. */
export interface ProbeAnswers {
  readonly identify: ThreadId;
  readonly startProfile: null;
  readonly stopProfile: CpuProfile;
  /** After garbage was collected, bytes. */
  readonly collect: {
    readonly heapUsed: number;
    readonly external: number;
    readonly arrayBuffers: number;
  };
  /** Calls to the table in memory by name, since the first time that this was asked. */
  readonly countCalls: Readonly<Record<string, number>>;
}
export type ProbeCommand = keyof ProbeAnswers;

export interface Probes {
  /** For `node --import`. */
  readonly preload: string;
  /** Asks every thread of a process that runs JavaScript; the main one answers first. */
  ask<Name extends ProbeCommand>(pid: number, command: Name): Promise<ProbeAnswers[Name][]>;
}

const PROBE = new URL('./probe.ts', import.meta.url);

/** @param parent where the sockets' directory is made; the caller removes it */
export function makeProbes(parent: string, signal: AbortSignal): Probes {
  const directory = mkdtempSync(join(parent, 'probes-'));
  const url = new URL(PROBE);
  url.searchParams.set('directory', directory);
  return {
    preload: url.href,
    ask(pid, command) {
      const sockets = readdirSync(directory)
        .filter((name) => name.startsWith(`${pid}-`))
        .toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }));
      if (sockets.length === 0) throw new Error(`process ${pid} has no probe`);
      return Promise.all(sockets.map((name) => askOne(join(directory, name), command, signal)));
    },
  };
}

async function askOne<Name extends ProbeCommand>(
  path: string,
  command: Name,
  signal: AbortSignal,
): Promise<ProbeAnswers[Name]> {
  const socket = connect(path);
  try {
    await once(socket, 'connect', { signal });
    socket.write(`${command}\n`);
    const [line] = (await once(createInterface(socket), 'line', { signal })) as [string];
    const answer = JSON.parse(line);
    if (typeof answer?.error === 'string') throw new Error(`a probe failed at ${command}: ${answer.error}`);
    return answer;
  } finally {
    socket.destroy();
  }
}
