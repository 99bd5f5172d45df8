/** `turntable health`: what it says of each role while that is well, hangs, or is gone. */
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { turntable } from '../support/command-line.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { startControllerProcess, startGateway, startWorkerByHand } from '../support/roles.ts';
import { type TemporaryRepository, temporaryRepository } from '../support/temporary-repository.ts';

/** The user of Redis as the documentation has it, so that every process here shows that it may do enough. */
const USER = /^user turntable .*$/m.exec(
  readFileSync(new URL('../../docs/deployment.md', import.meta.url), 'utf8'),
)?.[0];

let redis: RedisServer;
let table: string;
/** Holds no model, so that a controller of it starts no workers. */
let repository: TemporaryRepository;

beforeAll(async () => {
  redis = await startRedis({ listen: 'tcp', users: [String(USER).replace('>PASSWORD', '>secret')] });
  table = redis.url.replace('redis://', 'redis://turntable:secret@');
  repository = temporaryRepository();
});

afterAll(async () => {
  await redis?.[Symbol.asyncDispose]();
  repository?.remove();
});

const health = (...args: string[]) => turntable(['health', ...args], { env: { TURNTABLE_TABLE: table } });

describe.concurrent('health', () => {
  it('of a gateway is that it answers', async () => {
    await using gateway = await startGateway({ table });
    const { port } = new URL(gateway.url);
    expect(await health('gateway', '--port', port)).toMatchObject({
      code: 0,
      stdout: `the gateway at http://127.0.0.1:${port} is live\n`,
      stderr: '',
    });
    gateway.signal('SIGSTOP');
    expect(await health('gateway', '--port', port)).toMatchObject({ code: 3, stdout: '' });
    gateway.signal('SIGCONT');
    await gateway.close();
    expect(await health('gateway', '--port', port)).toMatchObject({ code: 3, stdout: '' });
  });

  it('of a worker is that it answers as a worker on its port', async () => {
    const port = String(await freePort());
    await using worker = await startWorkerByHand('fraud', { table, flags: ['--port', port] });
    expect(await health('worker', '--port', port)).toMatchObject({
      code: 0,
      stdout: `worker ${worker.id_worker} answers at turntable://127.0.0.1:${port}\n`,
    });
    worker.signal('SIGSTOP');
    const hanging = await health('worker', '--port', port);
    expect(hanging).toMatchObject({ code: 1, stdout: '' });
    expect(hanging.stderr).toMatch(/no worker answers at turntable:\S+: .*timeout/);
    worker.signal('SIGCONT');
    await worker.close();
    expect(await health('worker', '--port', port)).toMatchObject({ code: 1, stdout: '' });
  });

  it('of a worker is not that of something else on its port', async () => {
    await using gateway = await startGateway({ table });
    const { port } = new URL(gateway.url);
    expect(await health('worker', '--port', port)).toMatchObject({ code: 1, stdout: '' });
  });

  it('of a worker asks for the port', async () => {
    const { code, stderr } = await health('worker');
    expect(code).toBe(2);
    expect(stderr).toMatch(/give it one by --port or TURNTABLE_PORT/);
  });

  it('of a controller is that it gives signs of life in the table', async () => {
    expect(await health('controller')).toMatchObject({ code: 1, stdout: '' });
    await using controller = await startControllerProcess({ table, repository: repository.path });
    expect(await health('controller')).toMatchObject({
      code: 0,
      stdout: `controller ${controller.id_controller} acts\n`,
    });
    controller.signal('SIGSTOP');
    await eventually('it to be missed', async () => (await health('controller')).code === 1, 15_000);
    controller.signal('SIGCONT');
  });

  it('of a controller cannot be told while the table is away', async () => {
    const nowhere = `redis://127.0.0.1:${await freePort()}`;
    const { code, stdout } = await health('controller', '--table', nowhere);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^nothing can be said of the controller: .* cannot be used/);
  });
});
