/** A server of the tests believes in the clock that a test moves. */
import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { startRedis } from '../support/redis-server.ts';

it('tells the time that it is given, forth and back, and lets keys expire by it', async () => {
  await using server = await startRedis({ movableClock: true });
  const now = async () => Number(((await server.cli('TIME')) as string[])[0]) - Date.now() / 1_000;
  expect(Math.abs(await now())).toBeLessThan(2);
  await server.cli('SET', 'short', 1, 'PX', 3_000);
  await server.cli('SET', 'long', 1, 'PX', 4_000_000);
  server.advanceClock(3_500);
  expect(await server.cli('EXISTS', 'short', 'long')).toBe(1);
  server.advanceClock(3_600_000);
  expect(Math.abs((await now()) - 3_603.5)).toBeLessThan(2);
  server.advanceClock(-3_600_000);
  expect(await server.cli('EXISTS', 'long')).toBe(1);
  server.advanceClock(4_000_000);
  expect(await server.cli('EXISTS', 'long')).toBe(0);
  await server.restart();
  expect(Math.abs((await now()) - 4_003.5)).toBeLessThan(2);
});

it('may be moved hundreds of times', async () => {
  await using server = await startRedis({ movableClock: true });
  await server.cli('SET', 'key', 1, 'PX', 300_500);
  for (let i = 0; i < 300; i++) server.advanceClock(1_000);
  expect(await server.cli('EXISTS', 'key')).toBe(1);
  for (let i = 0; i < 5; i++) {
    server.advanceClock(100);
    await server.cli('PING');
  }
  expect(await server.cli('EXISTS', 'key')).toBe(0);
});

it('leaves nothing behind where it is killed', async () => {
  let pid: number;
  {
    await using server = await startRedis({ movableClock: true });
    pid = server.pid;
    await server.kill('SIGKILL');
  }
  expect(readdirSync('/dev/shm').filter((name) => name.endsWith(`_${pid}`))).toEqual([]);
});
