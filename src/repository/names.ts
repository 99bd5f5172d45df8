/** Which names of models, versions and model files are taken from a directory or a request. */
import { posix, win32 } from 'node:path';

const MODEL_NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$/;

// Eighteen digits stay below 2^63, the range of Triton's version numbers.
const VERSION_NAME = /^[1-9][0-9]{0,17}$/;

const MAX_PATH_CHARS = 1024;

export const MODEL_NAME_RULE =
  'a model name is 1 to 128 of the characters A-Z a-z 0-9 . _ - and does not start with a dot';

/** A name that passes is one path segment below the repository: no separator, no `..`, nothing hidden. */
export function isModelName(name: string): boolean {
  return MODEL_NAME.test(name);
}

/** As in Triton, directories of other names, `01` and `v2` among them, are not versions and are passed over. */
export function isVersionName(name: string): boolean {
  return VERSION_NAME.test(name);
}

/** Numeric order of version names, exact beyond 2^53. */
export function compareVersions(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

/**
 * Why a file name written in a configuration may not be opened, or undefined if it may. It judges the text
 * alone: links that an operator put on disk are followed, since linked version directories are common, but
 * whoever supplies a model must not reach other files by writing a path.
 */
export function pathFault(path: string): string | undefined {
  if (path === '') return 'is empty';
  if (path.length > MAX_PATH_CHARS) return 'is too long';
  if (/\p{Cc}/u.test(path)) return 'contains a control character';
  if (posix.isAbsolute(path) || win32.isAbsolute(path))
    return 'must be relative to the directory of the model';
  const segments = path.split(/[\\/]/);
  if (segments.includes('..')) return 'must not lead out of the directory of the model';
  return undefined;
}
