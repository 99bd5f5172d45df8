/** What a result was measured on: without it, no figure can be compared with another. */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, release, totalmem } from 'node:os';
import { knownWheelProgram } from '../peers/wheel-programs.ts';

export interface Machine {
  readonly cpu_model: string;
  readonly cores: number;
  readonly memory_gb: number;
  readonly kernel: string;
  readonly node: string;
  readonly onnxruntime_node: string;
  readonly nginx: string | null;
  readonly haproxy: string | null;
  /** These two only where this run uses them. */
  readonly envoy: string | null;
  readonly traefik: string | null;
  readonly wrk: string | null;
  readonly redis: string | null;
  /** With "-dirty" when files differ from the commit; null outside a checkout. */
  readonly commit: string | null;
}

export function describeMachine(): Machine {
  const onnxruntime: { version: string } = createRequire(import.meta.url)('onnxruntime-node/package.json');
  return {
    cpu_model: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memory_gb: Math.round(totalmem() / 1e9),
    kernel: release(),
    node: process.version,
    onnxruntime_node: onnxruntime.version,
    nginx: firstMatch('nginx', ['-v'], /nginx\/(\S+)/),
    haproxy: firstMatch('haproxy', ['-v'], /version (\S+)/),
    envoy: firstMatch(knownWheelProgram('envoy'), ['--version'], /\/(\d+\.\d+\.\d+)\//),
    traefik: firstMatch(knownWheelProgram('traefik'), ['version'], /Version: +(\S+)/),
    wrk: firstMatch('wrk', ['-v'], /wrk (\S+)/),
    redis: firstMatch('redis-server', ['--version'], /v=(\S+)/),
    commit: describeCommit(),
  };
}

/** The results themselves change with every run, and nothing that is measured changes with them. */
function describeCommit(): string | null {
  const hash = firstMatch('git', ['rev-parse', 'HEAD'], /^([0-9a-f]{40,})$/m);
  const sources = [':(top)', ':(top,exclude)bench/results'];
  const changed = firstMatch(
    'git',
    ['status', '--porcelain', '--untracked-files=no', '--', ...sources],
    /(\S+)/,
  );
  return hash === null || changed === null ? hash : `${hash}-dirty`;
}

/** Some programs print their version on the error output, and some fail after it. */
function firstMatch(command: string | null, args: readonly string[], pattern: RegExp): string | null {
  if (command === null) return null;
  const result = spawnSync(command, args, { encoding: 'utf8', cwd: import.meta.dirname });
  return pattern.exec(`${result.stdout ?? ''}${result.stderr ?? ''}`)?.[1] ?? null;
}
