/** The programs that the benchmarks need beside Node, installed where that is possible without asking. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';

/** Program to Debian package. */
const PACKAGES = { wrk: 'wrk', nginx: 'nginx-light' } as const;

export type Tool = keyof typeof PACKAGES;

/** Returns which of the programs are there, after trying to install those that are not (root on Debian only). */
export function ensureTools(tools: readonly Tool[], say: (line: string) => void): Set<Tool> {
  let missing = tools.filter((tool) => !isInstalled(tool));
  if (missing.length > 0 && process.getuid?.() === 0 && existsSync('/etc/debian_version')) {
    const packages = missing.map((tool) => PACKAGES[tool]);
    say(`installing ${packages.join(', ')} with apt-get`);
    // RUNLEVEL=1 keeps the package from starting a system service: the benchmark runs its own nginx.
    const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
    const options = { env: environment, stdio: ['ignore', 'ignore', 'inherit'] as ('ignore' | 'inherit')[] };
    spawnSync('apt-get', ['update'], options);
    spawnSync('apt-get', ['install', '-y', '--no-install-recommends', ...packages], options);
    missing = tools.filter((tool) => !isInstalled(tool));
  }
  for (const tool of missing)
    say(`MISSING: ${tool} (Debian package ${PACKAGES[tool]}); install it and run again`);
  return new Set(tools.filter((tool) => !missing.includes(tool)));
}

function isInstalled(tool: Tool): boolean {
  return spawnSync(tool, ['-v'], { stdio: 'ignore' }).error === undefined;
}
