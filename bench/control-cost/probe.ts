/**
 * Loaded by a process, and by each of its threads, before its own modules (`node --import`): does what the benchmark
 * asks of it over a Unix socket in the directory that its own URL names. Until it is asked it does nothing.
 */
import { readlinkSync } from 'node:fs';
import type { Session } from 'node:inspector/promises';
import { createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { threadId } from 'node:worker_threads';
import type { ProbeAnswers, ProbeCommand } from './probe-client.ts';

let session: Session | undefined;
const calls: Record<string, number> = {};
let isCounting = false;

const commands: { readonly [Name in ProbeCommand]: () => Promise<ProbeAnswers[Name]> } = {
  // "PID/task/TID"
  identify: async () => ({
    pid: process.pid,
    tid: Number(readlinkSync('/proc/thread-self').split('/').at(-1)),
  }),
  async startProfile() {
    const inspector = await import('node:inspector/promises');
    session = new inspector.Session();
    session.connect();
    await session.post('Profiler.enable');
    await session.post('Profiler.start');
    return null;
  },
  async stopProfile() {
    if (!session) throw new Error('no profile was begun');
    const { profile } = await session.post('Profiler.stop');
    session.disconnect();
    session = undefined;
    const selfUs = new Map<number, number>();
    // Of a sample the time since the one before: what the thread was kept from running counts where it was then.
    for (const [index, id] of (profile.samples ?? []).entries()) {
      selfUs.set(id, (selfUs.get(id) ?? 0) + (profile.timeDeltas?.[index] ?? 0));
    }
    const nodes = profile.nodes.map(({ id, callFrame: { functionName, url }, children = [] }) => ({
      ...{ id, functionName, url, children, selfUs: selfUs.get(id) ?? 0 },
    }));
    return { nodes, samples: profile.samples?.length ?? 0 };
  },
  async collect() {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    // Twice: what the first finds to be closed is freed by the second.
    collect();
    collect();
    const { heapUsed, external, arrayBuffers } = process.memoryUsage();
    return { heapUsed, external, arrayBuffers };
  },
  async countCalls() {
    if (!isCounting) await wrapTable();
    isCounting = true;
    return { ...calls };
  },
};

/** Counts the calls to the table in memory by their names. */
async function wrapTable(): Promise<void> {
  const { MemoryControlTable } = await import('../../src/table/memory/memory-control-table.ts');
  const prototype = MemoryControlTable.prototype as unknown as Record<string, unknown>;
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (name === 'constructor' || typeof value !== 'function') continue;
    calls[name] = 0;
    prototype[name] = function (this: unknown, ...args: unknown[]) {
      calls[name] = (calls[name] ?? 0) + 1;
      return value.apply(this, args);
    };
  }
}

function serve(socket: Socket): void {
  socket.unref();
  socket.on('error', () => socket.destroy());
  createInterface(socket).on('line', async (name) => {
    const answer = await commands[name as ProbeCommand]().catch((error: Error) => ({ error: error.message }));
    socket.write(`${JSON.stringify(answer)}\n`);
  });
}

const directory = new URL(import.meta.url).searchParams.get('directory');
if (directory === null) throw new Error('the probe is not told its directory');
createServer(serve).listen(`${directory}/${process.pid}-${threadId}.sock`).unref();
