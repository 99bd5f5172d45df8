/** The Redis client against one real server: who may connect, and what happens when the server goes. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { loadScript } from '../../src/table/redis/redis-script.ts';
import { startCuttingProxy } from '../support/cutting-proxy.ts';
import { eventually } from '../support/eventually.ts';
import { observedClient } from '../support/redis-clients.ts';
import { startRedis } from '../support/redis-server.ts';
import { temporaryScript } from '../support/temporary-script.ts';

const AWAY = { code: 'TABLE_AWAY' };

describe('connects', () => {
  it('over a Unix socket, to the database and under the name that it was given', async () => {
    await using server = await startRedis();
    using other = observedClient(server.url);
    using one = observedClient(`${server.url}?db=2`, { name: 'gateway g-1' });
    await Promise.all([one.becomesUp(), other.becomesUp()]);
    await one.client.call('SET', ['key', 'two']);
    expect(await one.client.call('GET', ['key'])).toBe('two');
    expect(await other.client.call('GET', ['key'])).toBeNull();
    expect(await one.client.call('CLIENT', ['GETNAME'])).toBe('gateway-g-1');
    expect(one.client.lastError).toBeUndefined();
  });

  it('gives replies as arrays, strings, numbers and nulls, whatever the command', async () => {
    await using server = await startRedis();
    using one = observedClient(server.url);
    await one.becomesUp();
    await one.client.call('hset', ['hash', 'a', 1, 'b', Buffer.from('x')]);
    expect(await one.client.call('hgetall', ['hash'])).toEqual(['a', '1', 'b', 'x']);
    await one.client.call('XADD', ['stream', '1-1', 'f', 'v']);
    expect(await one.client.call('XREAD', ['STREAMS', 'stream', '0'])).toEqual([
      ['stream', [['1-1', ['f', 'v']]]],
    ]);
    expect(await one.client.call('XREAD', ['BLOCK', 20, 'STREAMS', 'stream', '$'])).toBeNull();
    expect(await one.client.call('CONFIG', ['GET', 'port'])).toEqual(['port', '0']);
  });

  it('over TCP with a user and password, and says when they are wrong', async () => {
    await using server = await startRedis({ listen: 'tcp', users: ['user ann on >s3cret ~* +@all'] });
    const at = (who: string) => server.url.replace('://', `://${who}`);
    using right = observedClient(at('ann:s3cret@'));
    await right.becomesUp();
    expect(await right.client.call('ACL', ['WHOAMI'])).toBe('ann');
    using wrong = observedClient(at('ann:other@'));
    expect(await wrong.becomesDown()).toMatch(/^failure: 127.*: WRONGPASS/);
    expect(wrong.client.lastError).toMatch(/: WRONGPASS/);
    using nobody = observedClient(server.url);
    expect(await nobody.becomesDown()).toMatch(/: NOAUTH/);
    await expect(wrong.client.call('PING', [])).rejects.toMatchObject(AWAY);
    expect(wrong.told).toHaveLength(1);
  });

  it('with only a password', async () => {
    await using server = await startRedis({ password: 's3cret' });
    using one = observedClient(server.url.replace('://', '://:s3cret@'));
    await one.becomesUp();
    expect(await one.client.call('PING', [])).toBe('PONG');
  });

  it('as a user who may do next to nothing', async () => {
    await using server = await startRedis({ users: ['user ann on nopass ~{turntable}* +get'] });
    using one = observedClient(server.url.replace('://', '://ann@'));
    await one.becomesUp();
    expect(await one.client.call('GET', ['{turntable}x'])).toBeNull();
    await expect(one.client.call('SET', ['{turntable}x', 1])).rejects.toMatchObject({ reply: 'NOPERM' });
    expect(one.client.up).toBe(true);
  });

  it('over TLS to a server whose authority it trusts, and to no other', async () => {
    await using server = await startRedis({ tls: true });
    const { ca, otherCa } = server.certificates!;
    using right = observedClient(`${server.url}?ca=${ca}`);
    await right.becomesUp();
    expect(await right.client.call('PING', [])).toBe('PONG');
    using wrong = observedClient(`${server.url}?ca=${otherCa}`);
    expect(await wrong.becomesDown()).toMatch(/^failure: .*(certificate|unable to verify)/);
    using named = observedClient(`${server.url}?ca=${ca}&servername=elsewhere`);
    expect(await named.becomesDown()).toMatch(/^failure: .*altnames/);
    using absent = observedClient(`${server.url}?ca=/nowhere/ca.pem`);
    expect(await absent.becomesDown()).toMatch(/: ENOENT.*ca\.pem/);
    using plain = observedClient(server.url.replace('rediss:', 'redis:'));
    expect(await plain.becomesDown()).toMatch(/^failure: /);
  });

  it('over TLS with a certificate of its own', async () => {
    await using server = await startRedis({ tls: 'mutual' });
    const { ca, cert, key } = server.certificates!;
    using right = observedClient(`${server.url}?ca=${ca}&cert=${cert}&key=${key}`);
    await right.becomesUp();
    using without = observedClient(`${server.url}?ca=${ca}`);
    expect(await without.becomesDown()).toMatch(/^failure: /);
  });

  it('not to a replica', async () => {
    await using master = await startRedis({ listen: 'tcp' });
    await using replica = await startRedis({ config: [`replicaof 127.0.0.1 ${master.port}`] });
    using one = observedClient(replica.url);
    expect(await one.becomesDown()).toMatch(/is a replica, not a master$/);
  });
});

describe('the server', () => {
  it('is killed and started again: what is under way is rejected, nothing is sent twice', async () => {
    await using server = await startRedis({ config: ['appendonly yes', 'appendfsync always'] });
    using one = observedClient(server.url);
    await one.becomesUp();
    await one.client.call('RPUSH', ['count', 'x']);
    const waiting = expect(one.client.call('BLPOP', ['list', 0], 60_000)).rejects.toMatchObject(AWAY);
    await server.kill();
    await waiting;
    expect(one.client.up).toBe(false);
    await expect(one.client.call('RPUSH', ['count', 'x'])).rejects.toMatchObject(AWAY);
    await eventually('the failure', () => one.client.lastError?.includes('ECONNREFUSED'));
    await server.restart();
    await one.becomesUp(2);
    expect(await one.client.call('LLEN', ['count'])).toBe(1);
    expect(await one.client.call('LLEN', ['list'])).toBe(0);
    expect(one.told.filter((line) => line.startsWith('down'))).toHaveLength(1);
    expect(one.told.filter((line) => line.includes('ECONNREFUSED'))).toHaveLength(1);
  });

  it('is frozen: all under way is rejected by the time-out of the first, and it is found again', async () => {
    await using server = await startRedis({ listen: 'tcp' });
    using one = observedClient(server.url, { timeoutMs: 300 });
    await one.becomesUp();
    await server.freeze();
    const began = performance.now();
    const settled = await Promise.allSettled([1, 2, 3].map(() => one.client.call('PING', [])));
    expect(settled.map((result) => result.status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(performance.now() - began).toBeGreaterThan(290);
    expect(performance.now() - began).toBeLessThan(1_000);
    expect(one.told).toHaveLength(2);
    expect(one.told[1]).toMatch(/^down: .*no answer to PING within 300 ms$/);
    server.thaw();
    await one.becomesUp(2);
    expect(await one.client.call('PING', [])).toBe('PONG');
  });

  it('is out of reach without a word', async () => {
    await using server = await startRedis();
    await using proxy = await startCuttingProxy({ path: server.url.replace('redis+unix://', '') });
    using one = observedClient(`redis://127.0.0.1:${proxy.port}`, { timeoutMs: 200 });
    await one.becomesUp();
    await proxy.cut('silent');
    await expect(one.client.call('PING', [])).rejects.toMatchObject(AWAY);
    await eventually('the failure', () => one.told.at(-1)?.startsWith('failure'));
    await proxy.heal();
    await one.becomesUp(2);
    await proxy.cut('reset');
    await one.becomesDown();
    await proxy.heal();
    await one.becomesUp(3);
    // The connections that were given up are closed, here and there.
    await eventually('one connection', () => proxy.connections === 1);
  });

  it('answers after our own process did not run for longer than the time-out', async () => {
    await using server = await startRedis();
    using one = observedClient(server.url, { timeoutMs: 100 });
    await one.becomesUp();
    const answer = one.client.call('PING', []);
    const until = performance.now() + 300;
    while (performance.now() < until);
    expect(await answer).toBe('PONG');
    expect(one.told).toEqual(['up']);
  });

  it('refuses a command for want of memory, and keeps its connection', async () => {
    await using server = await startRedis({ config: ['maxmemory 1'] });
    using one = observedClient(server.url);
    await one.becomesUp();
    await expect(one.client.call('SET', ['key', 1])).rejects.toMatchObject({
      code: 'TABLE_REFUSED',
      reply: 'OOM',
    });
    const writes = loadScript(
      temporaryScript('-- KEYS: none\n-- ARGV: none\n-- Returns nothing\nreturn redis.call("SET", "k", 1)\n'),
    );
    await expect(one.client.run(writes, [], [])).rejects.toMatchObject({ reply: 'OOM' });
    await expect(one.client.call('NONSENSE', [])).rejects.toMatchObject({ reply: 'ERR' });
    expect(one.told).toEqual(['up']);
  });

  it('becomes a replica under us: the refused write is the last on that connection', async () => {
    await using master = await startRedis({ listen: 'tcp' });
    await using server = await startRedis();
    using one = observedClient(server.url);
    await one.becomesUp();
    await server.cli('REPLICAOF', '127.0.0.1', master.port);
    await expect(one.client.call('SET', ['key', 1])).rejects.toMatchObject({ reply: 'READONLY' });
    expect(one.client.up).toBe(false);
    await eventually('the failure', () => one.client.lastError?.includes('not a master'));
    await server.cli('REPLICAOF', 'NO', 'ONE');
    await one.becomesUp(2);
  });
});

it('runs a script that the server has forgotten', async () => {
  await using server = await startRedis();
  using one = observedClient(server.url);
  await one.becomesUp();
  const script = loadScript(
    temporaryScript(
      '-- KEYS: a list\n-- ARGV: an item\n-- Result: its length\nreturn redis.call("RPUSH", KEYS[1], ARGV[1])\n',
    ),
  );
  expect(await one.client.run(script, ['list'], ['a'])).toBe(1);
  expect(await one.client.run(script, ['list'], [2])).toBe(2);
  await server.cli('SCRIPT', 'FLUSH');
  expect(await one.client.run(script, ['list'], [Buffer.from('c')])).toBe(3);
  expect(await one.client.call('LRANGE', ['list', 0, -1])).toEqual(['a', '2', 'c']);
});

it('rejects thousands of commands while down without any work', async () => {
  using one = observedClient('redis+unix:///nowhere/redis.sock');
  await one.becomesDown();
  const errors = new Set<unknown>();
  const began = performance.now();
  for (let i = 0; i < 1_000; i++) {
    await one.client.call('PING', []).catch((error) => errors.add(error));
  }
  expect(performance.now() - began).toBeLessThan(100);
  // The reason may have been told anew meanwhile.
  expect(errors.size).toBeLessThan(5);
});

it('tells nothing after close, and rejects', async () => {
  await using server = await startRedis();
  using one = observedClient(server.url);
  await one.becomesUp();
  const waiting = expect(one.client.call('BLPOP', ['list', 0], 60_000)).rejects.toMatchObject(AWAY);
  one.client.close();
  await waiting;
  await expect(one.client.call('PING', [])).rejects.toThrow('closed');
  expect(one.told).toEqual(['up']);
});

it.each(['while up', 'while frozen', 'while absent'])('leaves the process free to exit: %s', async (when) => {
  await using server = await startRedis();
  const url = when === 'while absent' ? 'redis+unix:///nowhere/redis.sock' : server.url;
  if (when === 'while frozen') await server.freeze();
  const program = `
    import { RedisClient } from './src/table/redis/redis-client.ts';
    import { parseRedisUrl } from './src/table/redis/redis-target.ts';
    const told = () => setTimeout(() => client.close(), 30);
    const target = parseRedisUrl(${JSON.stringify(url)});
    const client = new RedisClient({ target, name: 'x', timeoutMs: 60_000, onUp: told, onDown: told, onFailure: told });
    if (${when === 'while frozen'}) setTimeout(told, 100);
  `;
  const options = { timeout: 10_000, encoding: 'utf8' } as const;
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--input-type=module-typescript', '-e', program],
    options,
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});
