/** A real Turntable server for a test: the command line as a child process, with its workers. */
import { type ChildProcess, spawn } from 'node:child_process';
import { eventually } from './eventually.ts';

export interface ServerOptions {
  /** Directory of models; absent: the examples. */
  readonly repository?: string;
  /** More of the command line, such as `['--replicas', '1']`. */
  readonly flags?: readonly string[];
  /** Beside the environment of the test, from which no setting of Turntable is taken over. */
  readonly env?: Readonly<Record<string, string>>;
}

/** How the process ended. */
export interface ServerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface TestServer extends AsyncDisposable {
  /** Such as `http://127.0.0.1:41234`. */
  readonly url: string;
  readonly pid: number;
  /** All that the server and its workers have written so far, on either stream. */
  readonly output: string;
  /** Resolves when the process has ended, whatever ended it. */
  readonly exited: Promise<ServerExit>;
  /** Has the server shut down in order (SIGTERM); nothing more when it has ended already. */
  close(): Promise<void>;
}

const ROOT = new URL('../..', import.meta.url).pathname;
const STARTED = /^Turntable serves .* at (http:\S+)$/m;
/** Less than a test may take, so that what the server wrote is seen. */
const START_TIMEOUT_MS = 45_000;
/** Longer than a server with nothing under way needs, shorter than a test may take. */
const CLOSE_TIMEOUT_MS = 30_000;

/** Servers that a test which ends early must not leave behind. */
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

/**
 * Starts a server on a free port and waits until all its models are ready or given up.
 * @throws when it ends or does not become ready in time, with what it wrote
 */
export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  const { repository = 'examples/models', flags = [], env = {} } = options;
  const args = ['src/cli/main.ts', 'serve', repository, '--port', '0', ...flags];
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { ...withoutSettings(process.env), TURNTABLE_LOG_LEVEL: 'error', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  running.add(child);
  const kill = () => child.kill('SIGKILL');
  let exit: ServerExit | undefined;
  const exited = new Promise<ServerExit>((resolve) => {
    child.once('exit', (code, signal) => {
      running.delete(child);
      exit = { code, signal };
      resolve(exit);
    });
  });

  const close = async () => {
    if (exit) return;
    child.kill('SIGTERM');
    const timer = setTimeout(kill, CLOSE_TIMEOUT_MS);
    const { signal } = await exited;
    clearTimeout(timer);
    if (signal === 'SIGKILL') throw new Error(`the server did not shut down in time; it wrote:\n${output}`);
  };

  try {
    const url = await becomesReady(
      () => output,
      () => exit,
    );
    return {
      url,
      pid: child.pid as number,
      get output() {
        return output;
      },
      exited,
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    kill();
    throw new Error(`the server did not start: ${(error as Error).message}; it wrote:\n${output}`);
  }
}

/** The address, once all models are ready or given up, and the gateway says the same. */
async function becomesReady(output: () => string, exit: () => ServerExit | undefined): Promise<string> {
  const whileItRuns = <T>(what: string, probe: () => T | Promise<T>) =>
    eventually(what, () => exit() ?? probe(), START_TIMEOUT_MS).then((value) => {
      const ended = exit();
      if (ended) throw new Error(`it ended with ${ended.signal ?? `code ${ended.code}`}`);
      return value as NonNullable<T>;
    });
  const url = await whileItRuns('the announcement', () => STARTED.exec(output())?.[1]);
  await whileItRuns('readiness', async () => (await fetch(`${url}/v2/health/ready`)).ok);
  return url;
}

/** What a developer has set for servers of their own must not change what is tested. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TURNTABLE_')));
}
