/** The commands that ask a running server: what they print, and the exit codes that scripts rely on. */
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTurntable, turntable } from '../support/command-line.ts';
import { getJson, parsed, post } from '../support/oip-client.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { type TemporaryRepository, temporaryRepository } from '../support/temporary-repository.ts';

const REQUEST_FILE = 'examples/requests/fraud.json';
const REQUEST = readFileSync(new URL(`../../${REQUEST_FILE}`, import.meta.url), 'utf8');
let repository: TemporaryRepository;
let server: TestServer;
let env: Record<string, string>;
/** An address at which nothing listens. */
let nobody: string;

beforeAll(async () => {
  repository = temporaryRepository('fraud', 'text-echo');
  repository.mkdir('empty');
  server = await startServer({ repository: repository.path, flags: ['--replicas', '1'] });
  env = { TURNTABLE_SERVER: server.url };
  nobody = await unusedAddress();
});

afterAll(async () => {
  await server?.close();
  repository?.remove();
});

async function unusedAddress(): Promise<string> {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const { port } = taken.address() as AddressInfo;
  await new Promise((resolve) => taken.close(resolve));
  return `http://127.0.0.1:${port}`;
}

describe.concurrent('models', () => {
  it('lists what is served and why something is not', async () => {
    const { code, stdout, stderr } = await turntable(['models', '--server', server.url]);
    expect([code, stderr]).toEqual([0, '']);
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^MODEL +VERSION +STATE +REASON$/);
    expect(lines[1]).toMatch(/^empty +UNAVAILABLE +empty: has no version directory/);
    expect(lines[2]).toMatch(/^fraud +1 +READY$/);
  });

  it('prints with --json what the server answers', async () => {
    const { code, stdout } = await turntable(['models', '--json'], { env });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual(parsed(await post(`${server.url}/v2/repository/index`)));
  });
});

describe.concurrent('workers', () => {
  it('shows the process control table', async () => {
    const { code, stdout } = await turntable(['workers'], { env });
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^ID_WORKER +ID_MODEL +VERSION +STATUS +CURRENT_REQUESTS +AVG_LATENCY_MS +LAST_ACTIVITY/,
    );
    expect(stdout).toMatch(
      /^fraud-1-\w+ +fraud +1 +ACTIVE +0 +[\d.]+ +[\d.]+ s ago +turntable\+unix:\/\/\//m,
    );
  });

  it('shows below them who takes requests and who keeps the workers', async () => {
    const { stdout } = await turntable(['workers'], { env });
    expect(stdout).toMatch(/^\nID_GATEWAY +ADDRESS +NODE +PID +LAST_ACTIVITY$/m);
    const { port } = new URL(server.url);
    expect(stdout).toMatch(
      new RegExp(`^gw-\\w+ +http://\\S+:${port} +\\S+ +${server.pid} +[\\d.]+ s ago$`, 'm'),
    );
    expect(stdout).toMatch(/^\nID_CONTROLLER +STANDING +NODE +PID +LAST_ACTIVITY$/m);
    expect(stdout).toMatch(new RegExp(`^ct-\\w+ +acts +\\S+ +${server.pid} +[\\d.]+ s ago$`, 'm'));
    expect(stdout).not.toContain('away');
  });

  it('prints it with --json', async () => {
    const { stdout } = await turntable(['workers', '--json'], { env });
    const document = (await getJson(`${server.url}/workers`)) as { workers: { id_worker: string }[] };
    const printed = JSON.parse(stdout) as typeof document;
    expect(printed.workers.map(({ id_worker }) => id_worker)).toEqual(
      document.workers.map(({ id_worker }) => id_worker),
    );
  });

  it('shows it again and again with --watch until it is interrupted', async () => {
    const watch = startTurntable(['workers', '--watch'], { env });
    await watch.prints(/^ID_WORKER/m, 3);
    watch.interrupt();
    expect(await watch.ended).toMatchObject({ signal: 'SIGINT', stderr: '' });
    // Nothing that a terminal alone understands.
    expect(watch.stdout).not.toContain('\x1b');
  });

  it('prints one line of JSON each time with --watch --json', async () => {
    const watch = startTurntable(['workers', '--watch', '--json'], { env });
    await watch.prints(/\n/, 2);
    watch.interrupt();
    await watch.ended;
    for (const line of watch.stdout.trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('workers');
  });
});

describe.concurrent('infer', () => {
  it('sends a file and shows the answer for people', async () => {
    const { code, stdout, stderr } = await turntable(['infer', 'fraud', '--input', REQUEST_FILE], { env });
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(
      /^fraud version 1\n {2}label INT64\[2\]: 1, 0\n {2}probabilities FP32\[2,2\]: 0\.\d+, /,
    );
  });

  it('sends standard input to a version, and prints the answer as it came', async () => {
    const { code, stdout } = await turntable(['infer', 'fraud/1', '--input', '-', '--json'], {
      env,
      input: REQUEST,
    });
    expect(code).toBe(0);
    const answer = await post(`${server.url}/v2/models/fraud/infer`, REQUEST);
    expect(JSON.parse(stdout)).toEqual(parsed(answer));
  });

  it('cuts long answers for people', async () => {
    const data = Array.from({ length: 30 }, (_, i) => `${i}`);
    const input = JSON.stringify({ inputs: [{ name: 'text', datatype: 'BYTES', shape: [30], data }] });
    const { stdout } = await turntable(['infer', 'text-echo', '--input', '-'], { env, input });
    expect(stdout).toContain('18, 19, … (10 more)');
  });

  it.each([
    ['an unknown model', ['nobody'], REQUEST, '404: unknown model "nobody"'],
    ['a wrong request', ['fraud'], '{"inputs":[]}', '400: inputs must be an array of at least one tensor'],
    ['a model that is not served', ['empty'], REQUEST, '503: '],
  ])('ends with 1 and what the server said for %s', async (_, args, input, message) => {
    const { code, stdout, stderr } = await turntable(['infer', ...args, '--input', '-'], { env, input });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(new RegExp(`^turntable: ${message}`));
  });

  it('ends with a message that names the file that is not there', async () => {
    const { code, stderr } = await turntable(['infer', 'fraud', '--input', 'no/such/file.json'], { env });
    expect(code).toBeGreaterThan(0);
    expect(stderr).toMatch(/^turntable: .*no\/such\/file\.json/);
    expect(stderr).not.toContain('    at ');
  });
});

describe.concurrent('a server that does not answer', () => {
  it.each([['models'], ['workers', '--watch'], ['infer', 'fraud', '--input', REQUEST_FILE]])(
    'ends %s %s with 3 and advice',
    async (...args) => {
      const { code, stdout, stderr } = await turntable([...args, '--server', nobody]);
      expect([code, stdout]).toEqual([3, '']);
      expect(stderr).toContain(`no server answers at ${nobody}`);
      expect(stderr).toContain('turntable serve');
    },
  );

  // Exit code 2 is the command line's: a script must not take a misspelt URL for a server that is down.
  it('is something else than a URL that is none', async () => {
    const { code, stderr } = await turntable(['models', '--server', 'nonsense']);
    expect(stderr).toContain('"nonsense" is not a URL');
    expect(code).toBe(2);
  });
});

describe.concurrent('the command line', () => {
  it.each([[[]], [['nothing']], [['infer', 'fraud']], [['workers', 'extra']]])(
    'ends %j with 2 and a hint',
    async (args) => {
      const { code, stdout, stderr } = await turntable(args);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(/--help|^Usage: /);
    },
  );

  it.each(['', 'serve', 'gateway', 'worker', 'controller', 'models', 'workers', 'infer'])(
    'explains %j on standard output',
    async (command) => {
      const { code, stdout, stderr } = await turntable([...(command ? [command] : []), '--help']);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toMatch(/^Usage: turntable/);
      if (command) expect(stdout).toContain(`\nExamples:\n  turntable ${command}`);
    },
  );

  it.each([
    ['gateway', ['--table', 'memory']],
    ['controller', ['examples/models']],
    ['worker', ['fraud', '--repository', 'examples/models']],
  ])('ends %s without a table that others can reach with 2 and what to give', async (command, args) => {
    const { code, stdout, stderr } = await turntable([command, ...args]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(new RegExp(`^turntable: a ${command} needs a table .* give --table redis://HOST`));
  });

  it('ends with 2 when the URL of the table is none, and does not repeat it', async () => {
    const url = 'redis://user:se/cret@host';
    for (const [args, env] of [
      [['serve', 'examples/models', '--table', url], {}],
      [['gateway'], { TURNTABLE_TABLE: url }],
      [['worker', 'fraud', '--repository', 'examples/models'], { TURNTABLE_TABLE: 'https://se-cret' }],
    ] as const) {
      const { code, stdout, stderr } = await turntable(args, { env });
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(/^turntable: the table's URL must .*--table or TURNTABLE_TABLE/);
      expect(stderr).not.toMatch(/se.cret/);
    }
  });

  // Node reports a closed pipe as an error event of standard output, which ends the process with a stack trace.
  it('ends without a word when what it writes to is closed, as by head', async () => {
    const watch = startTurntable(['workers', '--watch'], { env });
    await watch.prints(/^ID_WORKER/m, 1);
    watch.closeOutput();
    expect(await watch.ended).toMatchObject({ stderr: '', signal: null });
  });

  it('says its version', async () => {
    expect((await turntable(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});
