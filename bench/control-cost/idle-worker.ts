/** How the workers are called that the table is filled with, and where they listen if they do. */
import { join } from 'node:path';
import { MODEL } from './cost-run.ts';

export function idleWorkerId(index: number): string {
  return `${MODEL}-1-${String(index).padStart(12, '0')}`;
}

/** A Unix socket's path may be 107 bytes long. */
export function idleWorkerPath(directory: string, index: number): string {
  return join(directory, `${index}.sock`);
}
