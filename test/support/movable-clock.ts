/** A clock that a program believes in and a test moves: libfaketime, told by a file. */
import { existsSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { faketimeLibrary } from './debian-packages.ts';

export interface MovableClock {
  /** In which to start the program. */
  readonly env: Readonly<Record<string, string>>;
  /** Moves it on, or back. The monotonic clock, and so the program's timers, are left alone. */
  advance(ms: number): void;
}

/** @param file to be made for it */
export function makeMovableClock(file: string): MovableClock {
  const library = faketimeLibrary();
  if (!library) throw new Error('libfaketime is not installed');
  sweepSharedMemory();
  let offsetMs = 0;
  const advance = (ms: number) => {
    offsetMs += ms;
    writeFileSync(`${file}.new`, `${offsetMs < 0 ? '' : '+'}${(offsetMs / 1_000).toFixed(3)}\n`);
    // The program reads the file whenever it wants to know the time, and must not find it half written.
    renameSync(`${file}.new`, file);
  };
  advance(0);
  return {
    env: {
      // libc too, because its allocator must come before jemalloc: that asks for the time when it is first
      // used, which is while the library is still looking for the function that it stands in for.
      LD_PRELOAD: `${library} libc.so.6`,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
    advance,
  };
}

/** Removes what the library leaves behind in programs that were killed; a later program may get such a pid. */
export function sweepSharedMemory(directory = '/dev/shm'): void {
  if (!existsSync(directory)) return;
  for (const name of readdirSync(directory)) {
    const pid = /^(?:faketime_shm|sem\.faketime_sem)_(\d+)$/.exec(name)?.[1];
    if (pid && !existsSync(`/proc/${pid}`)) rmSync(join(directory, name), { force: true });
  }
}
