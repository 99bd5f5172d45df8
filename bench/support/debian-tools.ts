/** The programs that the benchmarks need beside Node. */
import { installPackages, packageOf } from '../../test/support/debian-packages.ts';

/** Program to Debian package. */
const PACKAGES = {
  wrk: packageOf('wrk'),
  nginx: packageOf('nginx', 'nginx-light'),
  haproxy: packageOf('haproxy'),
  'redis-server': packageOf('redis-server'),
} as const;

export type Tool = keyof typeof PACKAGES;

/** Returns which of the programs are there, after trying to install those that are not. */
export function ensureTools(tools: readonly Tool[], say: (line: string) => void): Set<Tool> {
  const missing = installPackages(
    tools.map((tool) => PACKAGES[tool]),
    say,
  );
  const isMissing = (tool: Tool) => missing.includes(PACKAGES[tool]);
  for (const tool of tools.filter(isMissing))
    say(`MISSING: ${tool} (Debian package ${PACKAGES[tool].name}); install it and run again`);
  return new Set(tools.filter((tool) => !isMissing(tool)));
}
