/** Servers go on with requests whose client is gone: the next measurement waits until that is over. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { MeasuredSystem } from '../support/measured-system.ts';
import { readProcessTable, TICK_US } from '../support/process-cpu.ts';

const POLL_MS = 100;
/** More than any server here needs when it has nothing to do. */
const QUIET_CORES = 0.25;
/** Beyond that it will not become quiet. */
const PATIENCE_MS = 5_000;

export async function waitUntilQuiet(system: MeasuredSystem, signal: AbortSignal): Promise<void> {
  const givesUpAt = performance.now() + PATIENCE_MS;
  for (let before = read(system); performance.now() < givesUpAt; ) {
    await sleep(POLL_MS, undefined, { signal });
    const now = read(system);
    if ((now.ticks - before.ticks) * TICK_US < QUIET_CORES * 1_000 * (now.atMs - before.atMs)) return;
    before = now;
  }
}

function read(system: MeasuredSystem) {
  const { gateway, workers } = system.cpuTicks(readProcessTable());
  return { ticks: gateway + workers, atMs: performance.now() };
}
