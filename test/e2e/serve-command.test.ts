/** `turntable serve` itself: what it says when it starts, and how it refuses to start. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTurntable, turntable } from '../support/command-line.ts';
import { getJson, parsed, post } from '../support/oip-client.ts';
import { startServer } from '../support/server.ts';
import { type TemporaryRepository, temporaryRepository } from '../support/temporary-repository.ts';

let repository: TemporaryRepository;

beforeAll(() => {
  repository = temporaryRepository('fraud');
});

afterAll(() => repository?.remove());

describe('a start', () => {
  // One model alone: its record follows its worker's row by a moment, in which it must not be announced as LOADING.
  it('ends with the address, the models and a request to try, which works as it is printed', async () => {
    await using server = await startServer({ repository: repository.path, flags: ['--replicas', '1'] });
    expect(server.output).toContain(`at ${server.url}\n`);
    expect(server.output).toContain('  fraud version 1: 1 worker, batches of 64, takes input FP32[-1,30]');
    expect(server.output).toContain(`Workers: ${server.url}/workers   Metrics: ${server.url}/metrics`);
    const [, target, body] =
      /^ {2}curl -s (\S+) -H 'content-type: application\/json' -d '(.*)'$/m.exec(server.output) ?? [];
    const answer = await fetch(target!, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: body!,
    });
    expect(answer.status).toBe(200);
  });

  it('takes its settings from the environment, and flags before those', async () => {
    await using server = await startServer({
      repository: repository.path,
      // Less time for a whole request than for its head by default.
      flags: ['--max-body-bytes', '2000', '--receive-timeout-ms', '5000'],
      env: { TURNTABLE_REPLICAS: '1', TURNTABLE_MAX_BODY_BYTES: '5000' },
    });
    const { workers } = (await getJson(`${server.url}/workers`)) as { workers: unknown[] };
    expect(workers).toHaveLength(1);
    const answer = await post(`${server.url}/v2/models/fraud/infer`, 'x'.repeat(3_000));
    expect(parsed(answer)).toEqual({ error: 'the body has 3000 bytes; the limit is 2000' });
  });

  it('with an empty repository serves, and says what to put there', async () => {
    const empty = temporaryRepository();
    await using server = await startServer({ repository: empty.path });
    expect(server.output).toContain('no models: put <model>/<version>/model.onnx there');
    expect(await getJson(`${server.url}/v2/models`)).toEqual({ models: [] });
    empty.remove();
  });

  it('writes nothing that is not JSON to standard error, and logs requests when asked to', async () => {
    const env = { TURNTABLE_REPLICAS: '1', TURNTABLE_PORT: '0', TURNTABLE_ACCESS_LOG: 'true' };
    const command = startTurntable(['serve', repository.path], { env, timeoutMs: 25_000 });
    await command.prints(/^Workers: /m, 1);
    const url = /at (http:\S+)/.exec(command.stdout)?.[1];
    await fetch(`${url}/v2/models/fraud/infer`, { method: 'POST', headers: { 'x-request-id': 'logged-1' } });
    command.interrupt();
    const { code, stderr } = await command.ended;
    expect(code).toBe(0);
    const lines = stderr
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.find(({ request_id }) => request_id === 'logged-1')).toMatchObject({
      status: 400,
      id_model: 'fraud',
    });
  });
});

describe.concurrent('a refusal to start', () => {
  it('because of the port, on which another program listens', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const { code, stdout, stderr } = await turntable(['serve', repository.path, '--port', String(port)]);
    other.close();
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toBe(
      `turntable: listen EADDRINUSE: address already in use 127.0.0.1:${port}: another program listens there; choose another with --port\n`,
    );
  });

  it.each([
    [
      'does not exist',
      '/no/such/directory',
      'turntable: model repository /no/such/directory does not exist; name the directory',
    ],
    [
      'is a file',
      'package.json',
      'turntable: model repository package.json is not a directory; name the directory',
    ],
  ])('because the repository %s', async (_, path, message) => {
    const { code, stderr } = await turntable(['serve', path, '--port', '0']);
    expect(code).toBeGreaterThan(0);
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('because of flags that are out of range or no numbers, each of which it names', async () => {
    const wrong = [
      ['--port', '65536'],
      ['--replicas', '0'],
      ['--max-body-bytes', '64MB'],
      ['--max-in-flight', '1e3'],
      ['--max-waiting', '-1'],
      ['--receive-timeout-ms', '1'],
      ['--heartbeat-ms', 'NaN'],
      ['--drain-ms', '0.5'],
      ['--keep-alive-ms', ''],
    ];
    const { code, stdout, stderr } = await turntable(['serve', repository.path, ...wrong.flat()]);
    expect([code, stdout]).toEqual([2, '']);
    for (const [flag, value] of wrong) {
      expect(stderr).toContain(`${flag} is "${value}"; expected a whole number from `);
    }
  });

  it('because of a variable, which it names', async () => {
    const env = { TURNTABLE_MAX_WAITING: 'lots', TURNTABLE_PORT: '99999' };
    const { code, stderr } = await turntable(['serve', repository.path], { env });
    expect(code).toBe(2);
    expect(stderr).toContain('TURNTABLE_MAX_WAITING is "lots"; expected a whole number');
    expect(stderr).toContain('TURNTABLE_PORT is "99999"; expected a whole number');
  });

  it.each([[['--nothing']], [['one', 'two']], [['--port']]])('because of the arguments %j', async (args) => {
    const { code, stderr } = await turntable(['serve', ...args]);
    expect(code).toBe(2);
    expect(stderr).toContain('turntable --help');
  });

  it('because of TURNTABLE_LOG_LEVEL, which it names', async () => {
    const env = { TURNTABLE_LOG_LEVEL: 'loud' };
    const { code, stderr } = await turntable(['serve', repository.path, '--port', '0'], { env });
    expect(code).toBe(2);
    expect(stderr).toContain('TURNTABLE_LOG_LEVEL is "loud"');
    expect(stderr).not.toContain('    at ');
  });
});
