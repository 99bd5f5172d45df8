import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MAX_TEXT_BYTES, readTextFile } from './bounded-file.ts';

/** Of every POSIX system, and nothing to be installed. */
const MKFIFO = 'mkfifo';

describe('bounded file', () => {
  let directory: string;
  let path: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'turntable-file-'));
    path = join(directory, 'config.pbtxt');
  });

  afterEach(() => rm(directory, { recursive: true }));

  it('reads text up to its limit', async () => {
    const text = 'é'.repeat(MAX_TEXT_BYTES / 2);
    await writeFile(path, text);
    expect(await readTextFile(path)).toEqual({ kind: 'text', text });
  });

  it('drops a byte order mark', async () => {
    await writeFile(path, '\ufeffname: "x"');
    expect(await readTextFile(path)).toEqual({ kind: 'text', text: 'name: "x"' });
  });

  it('follows links', async () => {
    await writeFile(join(directory, 'there'), 'x');
    await symlink('there', path);
    expect(await readTextFile(path)).toEqual({ kind: 'text', text: 'x' });
  });

  it('tells an absent file from one that it cannot read', async () => {
    expect(await readTextFile(path)).toEqual({ kind: 'absent' });
    await symlink('config.pbtxt', path);
    const reason = 'cannot be read: its symbolic links form a loop';
    expect(await readTextFile(path)).toEqual({ kind: 'unreadable', reason });
  });

  it('refuses a file that is too large', async () => {
    await writeFile(path, 'x'.repeat(MAX_TEXT_BYTES + 1));
    expect(await readTextFile(path)).toEqual({ kind: 'unreadable', reason: 'is larger than 1 MiB' });
  });

  it('refuses what is not text', async () => {
    await writeFile(path, Uint8Array.of(0x61, 0xff));
    expect(await readTextFile(path)).toEqual({ kind: 'unreadable', reason: 'is not UTF-8 text' });
  });

  it('refuses a directory', async () => {
    await mkdir(path);
    expect(await readTextFile(path)).toEqual({
      kind: 'unreadable',
      reason: 'is a directory; a file is expected',
    });
  });

  it('does not wait at a named pipe', async () => {
    execFileSync(MKFIFO, [path]);
    expect(await readTextFile(path)).toEqual({ kind: 'unreadable', reason: 'is not a regular file' });
  });

  it.skipIf(process.platform !== 'linux')('does not believe the size of a virtual file', async () => {
    // Says that it has no bytes, and has some.
    expect(await readTextFile('/proc/self/status')).toMatchObject({
      kind: 'text',
      text: expect.stringContaining('Name:'),
    });
  });

  // Root may read everything.
  it.skipIf(process.getuid?.() === 0)('says that permission is denied', async () => {
    await writeFile(path, 'x');
    await chmod(path, 0o000);
    expect(await readTextFile(path)).toEqual({
      kind: 'unreadable',
      reason: 'cannot be read: permission denied',
    });
  });
});
