/** The package as npm packs it: built, with all that it reads, it serves without Redis and with it. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startChild } from '../support/owned-child.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { workersOf } from '../support/workers.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const run = promisify(execFile);

let directory: string;
let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
  directory = mkdtempSync(join(tmpdir(), 'turntable-package-'));
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', directory], { cwd: ROOT });
  const filename = /"filename": "([^"]+)"/.exec(stdout)?.[1];
  await run('tar', ['--extract', '--gzip', '--file', join(directory, filename as string)], {
    cwd: directory,
  });
  symlinkSync(join(ROOT, 'node_modules'), join(directory, 'package/node_modules'));
});

afterAll(async () => {
  await redis?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

it.each(['memory', 'Redis'])('serves by a table in %s', async (where) => {
  const table = where === 'memory' ? 'memory' : redis.url;
  const bin = join(directory, 'package/bin/turntable.js');
  const models = join(directory, 'package/examples/models');
  const flags = ['--port', '0', '--replicas', '1', '--table', table];
  const child = startChild(process.execPath, [bin, 'serve', models, ...flags]);
  const url = await eventually(
    'the address',
    () => /^Turntable serves .* at (http:\S+)$/m.exec(child.output)?.[1],
    25_000,
  );
  expect(await workersOf(url, 'fraud')).toMatchObject([{ status: 'ACTIVE' }]);
  child.signal('SIGTERM');
  expect(await child.exited).toBe('code 0');
});
