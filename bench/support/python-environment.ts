/** Python programs that benchmarks measure beside Turntable, each in an environment of its own that is made once. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const INSTALL_TIMEOUT_MS = 15 * 60_000;

export interface PythonEnvironment {
  /** Where its programs are, `python` among them. */
  readonly bin: string;
  readonly root: string;
}

/** Where what benchmarks install is kept between runs. */
export function benchmarkCache(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'turntable-bench');
}

/**
 * Makes a virtual environment with the given packages, or takes the one that is there already.
 *
 * @param name of the environment, as progress tells it
 * @param requirements pinned (`name==version`): results of two runs are of the same peers
 * @returns null, after a line that says why, when Python or a package cannot be had
 */
export function ensurePython(
  name: string,
  requirements: readonly string[],
  say: (line: string) => void,
): PythonEnvironment | null {
  const version = spawnSync('python3', ['--version'], { encoding: 'utf8' });
  if (version.status !== 0) {
    say(`MISSING: ${name} needs python3, which is not there; it is skipped`);
    return null;
  }
  const key = createHash('sha256')
    .update(JSON.stringify([version.stdout.trim(), requirements]))
    .digest('hex');
  const root = join(benchmarkCache(), `${name}-${key.slice(0, 12)}`);
  const bin = join(root, 'bin');
  const done = join(root, 'installed');
  // Written last: an installation that was broken off is made anew.
  if (existsSync(done)) return { bin, root };
  say(`installing ${requirements.join(', ')} with pip, once`);
  rmSync(root, { recursive: true, force: true });
  mkdirSync(root, { recursive: true });
  const log = join(root, 'install.log');
  const run = (command: string, args: readonly string[]) => {
    const { status, stdout, stderr, error } = spawnSync(command, args, {
      encoding: 'utf8',
      timeout: INSTALL_TIMEOUT_MS,
      maxBuffer: 64 * 1024 * 1024,
    });
    writeFileSync(log, `${stdout}${stderr}${error ?? ''}`, { flag: 'a' });
    return status === 0;
  };
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
  if (run('python3', ['-m', 'venv', root]) && run(join(bin, 'python'), [...pip, ...requirements])) {
    writeFileSync(done, '');
    return { bin, root };
  }
  say(`MISSING: ${name} could not be installed and is skipped: ${lastLine(log)}`);
  return null;
}

function lastLine(file: string): string {
  return existsSync(file) ? (readFileSync(file, 'utf8').trim().split('\n').at(-1) ?? '') : 'no log';
}
