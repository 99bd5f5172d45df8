/** Reads small text files of which nothing is trusted: not their size, their kind, nor their encoding. */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';

/** Configuration is a few KiB; whoever puts a mebibyte there has put the wrong file there. */
export const MAX_TEXT_BYTES = 1024 * 1024;

export type TextFile =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly reason: string };

/** Never throws. A byte order mark is dropped. */
export async function readTextFile(path: string): Promise<TextFile> {
  let handle: FileHandle | undefined;
  try {
    // Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
    handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const stats = await handle.stat();
    if (stats.isDirectory()) return { kind: 'unreadable', reason: 'is a directory; a file is expected' };
    if (!stats.isFile()) return { kind: 'unreadable', reason: 'is not a regular file' };
    const bytes = await readAtMost(handle, MAX_TEXT_BYTES + 1);
    if (bytes.length > MAX_TEXT_BYTES) return { kind: 'unreadable', reason: 'is larger than 1 MiB' };
    return decodeUtf8(bytes);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return { kind: 'absent' };
    return { kind: 'unreadable', reason: describeIoError(error) };
  } finally {
    await handle?.close().catch(() => {});
  }
}

/** What went wrong with a file, in words, without the path that the caller knows better. */
export function describeIoError(error: unknown): string {
  const code = errorCode(error);
  switch (code) {
    case 'ENOENT':
      return 'does not exist';
    case 'EACCES':
    case 'EPERM':
      return 'cannot be read: permission denied';
    case 'ENOTDIR':
      return 'is not a directory';
    case 'ELOOP':
      return 'cannot be read: its symbolic links form a loop';
    default:
      return `cannot be read: ${code ?? String(error)}`;
  }
}

/** Reads on past the size that stat reports, since that of a growing or virtual file is not to be believed. */
async function readAtMost(handle: FileHandle, limit: number): Promise<Uint8Array> {
  const buffer = Buffer.allocUnsafe(limit);
  let filled = 0;
  while (filled < limit) {
    const { bytesRead } = await handle.read(buffer, filled, limit - filled, null);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}

function decodeUtf8(bytes: Uint8Array): TextFile {
  try {
    return { kind: 'text', text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { kind: 'unreadable', reason: 'is not UTF-8 text' };
  }
}

function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
