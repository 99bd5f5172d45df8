/** The programs that tests and benchmarks need beside Node, installed where that is possible without asking. */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export interface DebianPackage {
  readonly name: string;
  isInstalled(): boolean;
}

/** A package that is there when its program is. */
export function packageOf(program: string, name = program): DebianPackage {
  const directories = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return { name, isInstalled: () => directories.some((directory) => existsSync(join(directory, program))) };
}

/** The library with which a server's clock is moved; its directory is named after the architecture. */
export function faketimeLibrary(): string | undefined {
  return globSync('/usr/lib/*/faketime/libfaketime.so.1')[0];
}

/** What the tests cannot do without. */
const FOR_TESTS = [
  packageOf('redis-server'),
  packageOf('openssl'),
  packageOf('ip', 'iproute2'),
  { name: 'libfaketime', isInstalled: () => faketimeLibrary() !== undefined },
];

/** Installs what is missing (root on Debian only), and returns what is missing still. */
export function installPackages(
  packages: readonly DebianPackage[],
  say: (line: string) => void,
): DebianPackage[] {
  const missing = () => packages.filter((one) => !one.isInstalled());
  const names = missing().map(({ name }) => name);
  if (names.length > 0 && process.getuid?.() === 0 && existsSync('/etc/debian_version')) {
    say(`installing ${names.join(', ')} with apt-get`);
    if (!install(names) || missing().length > 0) {
      // The lists of packages are missing or old.
      aptGet(['update']);
      install(names);
    }
  }
  return missing();
}

/** What Vitest runs once before all tests. */
export function setup(): void {
  const missing = installPackages(FOR_TESTS, (line) => process.stderr.write(`${line}\n`));
  if (missing.length === 0) return;
  const names = missing.map(({ name }) => name).join(' ');
  throw new Error(
    `the tests need ${names}; on Debian: sudo apt-get install -y --no-install-recommends ${names}`,
  );
}

function install(names: readonly string[]): boolean {
  return aptGet(['install', '-y', '--no-install-recommends', ...names]);
}

function aptGet(args: readonly string[]): boolean {
  // RUNLEVEL=1 keeps packages from starting system services: tests and benchmarks run servers of their own.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  return spawnSync('apt-get', args, { env, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
}
