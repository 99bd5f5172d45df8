/** The `turntable` command as a child process: what it writes, and how it ends. */
import { spawn } from 'node:child_process';
import { eventually } from './eventually.ts';

export interface CommandEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CommandOptions {
  /** All of its standard input. */
  readonly input?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** Killed after this long, which shows as a signal. */
  readonly timeoutMs?: number;
}

export interface RunningCommand {
  readonly stdout: string;
  /** Waits until standard output contains this many matches. */
  prints(pattern: RegExp, times: number): Promise<void>;
  interrupt(): void;
  /** Reads its standard output no more, so that writing to it fails. */
  closeOutput(): void;
  readonly ended: Promise<CommandEnd>;
}

const ROOT = new URL('../..', import.meta.url).pathname;

/** Runs the command to its end. */
export function turntable(args: readonly string[], options: CommandOptions = {}): Promise<CommandEnd> {
  return startTurntable(args, options).ended;
}

export function startTurntable(args: readonly string[], options: CommandOptions = {}): RunningCommand {
  const { input = '', env = {}, timeoutMs = 25_000 } = options;
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('TURNTABLE_'));
  const child = spawn(process.execPath, ['src/cli/main.ts', ...args], {
    cwd: ROOT,
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: 'pipe',
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  // A command that does not read its input may have ended before all of it is written.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const ended = new Promise<CommandEnd>((resolve) => {
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, stdout, stderr });
    });
  });
  return {
    get stdout() {
      return stdout;
    },
    prints: async (pattern, times) => {
      const all = new RegExp(pattern, pattern.flags.includes('g') ? pattern.flags : `${pattern.flags}g`);
      await eventually(`${pattern} ${times} times`, () => (stdout.match(all)?.length ?? 0) >= times);
    },
    interrupt: () => child.kill('SIGINT'),
    closeOutput: () => child.stdout.destroy(),
    ended,
  };
}
