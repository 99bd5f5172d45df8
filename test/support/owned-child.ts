/** A child process of a test that cannot outlive it, not even when the test is killed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';

export interface OwnedChild {
  readonly pid: number;
  /** All that it has written so far, on either stream. */
  readonly output: string;
  /** Resolves with how it ended, such as `code 0` or `SIGKILL`. */
  readonly exited: Promise<string>;
  /** Undefined while it runs. */
  readonly exit: string | undefined;
  /** Sends a signal; nothing when it has ended. */
  signal(signal: NodeJS.Signals): void;
  /** Resolves when it is stopped: from then on it does nothing more. */
  freeze(): Promise<void>;
  thaw(): void;
}

const running = new Set<ChildProcess>();

function killAll(): void {
  for (const child of running) child.kill('SIGKILL');
}

process.on('exit', killAll);
// How the test runner ends its own processes; Node emits no exit then.
process.once('SIGTERM', () => {
  killAll();
  process.exit(143);
});

export function startChild(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): OwnedChild {
  // setpriv becomes the command, and has the kernel kill it with its parent.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', command, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  let exit: string | undefined;
  const exited = new Promise<string>((resolve) => {
    const end = (how: string) => {
      running.delete(child);
      exit = how;
      resolve(how);
    };
    child.once('error', (error) => end(error.message));
    child.once('exit', (code, signal) => end(signal ?? `code ${code}`));
  });
  return {
    pid: child.pid ?? 0,
    get output() {
      return output;
    },
    exited,
    get exit() {
      return exit;
    },
    signal: (signal) => void child.kill(signal),
    async freeze() {
      child.kill('SIGSTOP');
      while (exit === undefined && !isStopped(child.pid as number)) {
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    thaw: () => void child.kill('SIGCONT'),
  };
}

/** By the state in /proc, which follows the name in parentheses. */
function isStopped(pid: number): boolean {
  return /\) T /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}
