/** A Lua script that the server runs as one step, kept in a file whose header says what goes in and out. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

export interface RedisScript {
  /** The file's name without `.lua`, for messages. */
  readonly name: string;
  readonly source: string;
  /** What the server knows it by. */
  readonly sha1: string;
}

/**
 * Reads a script.
 * @param prelude a file of functions that is put in front of it
 * @throws when it does not open with a comment of its KEYS, ARGV and result
 */
export function loadScript(file: URL, prelude?: URL): RedisScript {
  const own = readFileSync(file, 'utf8');
  const header = /^(?:--.*\n)+/.exec(own)?.[0] ?? '';
  if (![/\bKEYS\b/, /\bARGV\b/, /\b(result|returns)\b/i].every((part) => part.test(header))) {
    throw new Error(`${file.pathname} must open with a comment of its KEYS, ARGV and result`);
  }
  const name = file.pathname.replace(/^.*\//, '').replace(/\.lua$/, '');
  const source = prelude ? `${readFileSync(prelude, 'utf8')}\n${own}` : own;
  return { name, source, sha1: createHash('sha1').update(source).digest('hex') };
}
