/** Where the results of a run go: a folder that tells the day and the commit. */
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';

export const RESULTS = resolve(import.meta.dirname, '../results');

/** A quick run has a folder of its own, so that it never stands in the place of a full one. */
export function outputFolder(quick: boolean): string {
  const git = spawnSync('git', ['rev-parse', '--short=7', 'HEAD'], {
    encoding: 'utf8',
    cwd: import.meta.dirname,
  });
  const commit = git.status === 0 ? git.stdout.trim() : 'no-commit';
  const day = new Date().toISOString().slice(0, 10);
  return join(RESULTS, `${day}-${commit}${quick ? '-quick' : ''}`);
}
