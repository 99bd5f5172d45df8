/** Gateways, workers and controllers as processes of their own, over one table, as a machine would run them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { eventually } from './eventually.ts';

export interface RoleOptions {
  /** URL of the table. */
  readonly table: string;
  /** More of the command line. */
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** What runs the command, such as `ip netns exec NAME`. */
  readonly within?: readonly string[];
}

export interface RoleProcess extends AsyncDisposable {
  readonly pid: number;
  /** All that it and its children have written so far, on either stream. */
  readonly output: string;
  /** Resolves with how it ended, such as `code 0` or `SIGKILL`. */
  readonly exited: Promise<string>;
  signal(signal: NodeJS.Signals): void;
  /** Has it end in order (SIGTERM), and whatever it started with it. */
  close(): Promise<void>;
}

export interface GatewayProcess extends RoleProcess {
  /** Such as `http://127.0.0.1:41234`. */
  readonly url: string;
  readonly id_gateway: string;
}

export interface WorkerByHand extends RoleProcess {
  readonly id_worker: string;
  readonly endpoint: string;
}

export interface ControllerProcess extends RoleProcess {
  readonly id_controller: string;
}

const MAIN = new URL('../../src/cli/main.ts', import.meta.url).pathname;
/** Less than a test may take, so that what was written is seen. */
const START_TIMEOUT_MS = 45_000;
const CLOSE_TIMEOUT_MS = 30_000;

/** Leaders of process groups: workers outlive the controller that started them, but not the test. */
const running = new Set<ChildProcess>();

function killGroup(child: ChildProcess): void {
  running.delete(child);
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // None of it is left.
  }
}

function killAll(): void {
  for (const child of running) killGroup(child);
}

process.on('exit', killAll);
// How the test runner ends its own processes; Node emits no exit then.
process.once('SIGTERM', () => {
  killAll();
  process.exit(143);
});

/** A gateway on a free port. @throws when it does not start, with what it wrote */
export async function startGateway(options: RoleOptions): Promise<GatewayProcess> {
  const started = start(['gateway', '--port', '0'], options);
  const [id_gateway, url] = await announced(started, /^Turntable gateway (\S+) serves .* at (http:\S+)$/m);
  return Object.assign(started, { id_gateway, url });
}

/** A worker that no controller keeps, of a model of the examples or of another repository. */
export async function startWorkerByHand(
  model: string,
  { repository = 'examples/models', ...options }: RoleOptions & { readonly repository?: string },
): Promise<WorkerByHand> {
  const started = start(['worker', model, '--repository', repository], options);
  const pattern = /^Turntable worker (\S+) serves .* at (turntable\S+), registered in /m;
  const [id_worker, endpoint] = await announced(started, pattern);
  return Object.assign(started, { id_worker, endpoint });
}

/** A server that is there already, put into the table; resolves when it is. */
export async function startAttached(
  url: string,
  model: string,
  options: RoleOptions,
): Promise<RoleProcess & { readonly id_worker: string }> {
  const started = start(['attach', url, '--model', model], options);
  const [id_worker] = await announced(started, /^Turntable worker (\S+) is the server at (\S+), /m);
  return Object.assign(started, { id_worker });
}

/** A controller of the examples or of another repository; resolves when it acts or stands by. */
export async function startControllerProcess({
  repository = 'examples/models',
  ...options
}: RoleOptions & { readonly repository?: string }): Promise<ControllerProcess> {
  const started = start(['controller', repository], options);
  const [id_controller] = await announced(
    started,
    /^Turntable controller (\S+) of [^\n]*\n(It (?:acts|stands by))/m,
  );
  return Object.assign(started, { id_controller });
}

function start(
  args: readonly string[],
  { table, flags = [], env = {}, within = [] }: RoleOptions,
): RoleProcess {
  // setpriv becomes the command, and has the kernel kill it with the test.
  const command = [...within, process.execPath, MAIN, ...args, ...flags];
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', ...command], {
    env: {
      ...withoutSettings(process.env),
      TURNTABLE_TABLE: table,
      TURNTABLE_LOG_LEVEL: 'warn',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  running.add(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  let ended = false;
  const exited = new Promise<string>((resolve) => {
    const end = (how: string) => {
      ended = true;
      resolve(how);
    };
    child.once('error', (error) => end(error.message));
    child.once('exit', (code, signal) => end(signal ?? `code ${code}`));
  });
  const close = async () => {
    const timer = setTimeout(() => child.kill('SIGKILL'), CLOSE_TIMEOUT_MS);
    if (!ended) child.kill('SIGTERM');
    const how = await exited;
    clearTimeout(timer);
    killGroup(child);
    if (how === 'SIGKILL' && !killed) throw new Error(`it did not end in time; it wrote:\n${output}`);
  };
  let killed = false;
  return {
    pid: child.pid ?? 0,
    get output() {
      return output;
    },
    exited,
    signal(signal) {
      killed ||= signal === 'SIGKILL';
      child.kill(signal);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** The parts of what a process says once it is up. @throws when it ends, or does not say it in time */
async function announced(started: RoleProcess, pattern: RegExp): Promise<[string, string]> {
  let ended: string | undefined;
  void started.exited.then((how) => {
    ended = how;
  });
  try {
    const match = await eventually(
      'the announcement',
      () => pattern.exec(started.output) ?? (ended === undefined ? undefined : 'ended'),
      START_TIMEOUT_MS,
    );
    if (match === 'ended') throw new Error(`it ended with ${ended}`);
    return [match[1] ?? '', match[2] ?? ''];
  } catch (error) {
    started.signal('SIGKILL');
    await started.close();
    throw new Error(`it did not start: ${(error as Error).message}; it wrote:\n${started.output}`);
  }
}

/** What a developer has set for processes of their own must not change what is tested. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TURNTABLE_')));
}
