/** A Redis master with two replicas, watched by three Sentinels that fail over within a few seconds. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { type OwnedChild, startChild } from './owned-child.ts';
import { redisCommand } from './redis-command.ts';
import { type RedisServer, startRedis } from './redis-server.ts';

export interface RedisSentinels extends AsyncDisposable {
  readonly url: string;
  readonly servers: readonly RedisServer[];
  /** The one that all Sentinels name, as one of `servers`. */
  currentMaster(): Promise<RedisServer>;
  /** Kills it and resolves at once, before the failover. */
  killMaster(): Promise<RedisServer>;
  freezeMaster(): Promise<RedisServer>;
  /** Has them choose another master, though the present one runs; it is told up to ten seconds later. */
  failOver(): Promise<void>;
}

const NAME = 'table';
const QUORUM = 2;
const START_TIMEOUT_MS = 30_000;

export async function startRedisSentinels(): Promise<RedisSentinels> {
  await using stack = new AsyncDisposableStack();
  const config = ['repl-diskless-sync-delay 0', 'repl-timeout 5', 'repl-ping-replica-period 1'];
  const servers: RedisServer[] = [];
  for (let i = 0; i < 3; i++) {
    const master = servers[0];
    const role = master ? [`replicaof 127.0.0.1 ${master.port}`] : [];
    servers.push(stack.use(await startRedis({ listen: 'tcp', config: [...config, ...role] })));
  }
  const [master] = servers as [RedisServer, ...RedisServer[]];
  // A Sentinel learns of replicas from the master when it first asks, and asks again only after ten seconds.
  await eventually(
    'the replicas',
    async () => /connected_slaves:2/.test(await info(master)),
    START_TIMEOUT_MS,
  );

  const sentinels: { readonly port: number; readonly child: OwnedChild }[] = [];
  stack.defer(async () => {
    for (const { child } of sentinels) child.signal('SIGKILL');
    await Promise.all(sentinels.map(({ child }) => child.exited));
  });
  for (let i = 0; i < 3; i++) {
    const port = await freePort();
    const file = join(master.directory, `sentinel-${i}.conf`);
    const lines = [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${master.directory}`,
      `sentinel monitor ${NAME} 127.0.0.1 ${master.port} ${QUORUM}`,
      `sentinel down-after-milliseconds ${NAME} 500`,
      `sentinel failover-timeout ${NAME} 2000`,
      `sentinel parallel-syncs ${NAME} 2`,
    ];
    writeFileSync(file, lines.map((line) => `${line}\n`).join(''));
    sentinels.push({ port, child: startChild('redis-server', [file, '--sentinel']) });
  }
  const ask = async (port: number, ...args: string[]) => redisCommand({ port }, 'SENTINEL', ...args);
  for (const { port } of sentinels) {
    const knowsAll = async () => {
      const fields = (await ask(port, 'MASTER', NAME)) as string[];
      const field = (name: string) => fields[fields.indexOf(name) + 1];
      return (
        field('num-slaves') === '2' && field('num-other-sentinels') === '2' && field('flags') === 'master'
      );
    };
    await eventually('a Sentinel to know all others', knowsAll, START_TIMEOUT_MS);
  }

  const first = sentinels[0] as { readonly port: number };
  const named = async ({ port }: { readonly port: number }) =>
    Number(((await ask(port, 'GET-MASTER-ADDR-BY-NAME', NAME)) as string[])[1]);
  const currentMaster = () =>
    eventually('the Sentinels to agree', async () => {
      const [port, ...others] = await Promise.all(sentinels.map(named));
      if (others.some((other) => other !== port)) return undefined;
      return servers.find((server) => server.port === port);
    });
  const owned = stack.move();
  return {
    url: `redis+sentinel://${sentinels.map(({ port }) => `127.0.0.1:${port}`)}/${NAME}`,
    servers,
    currentMaster,
    async killMaster() {
      const one = await currentMaster();
      await one.kill();
      return one;
    },
    async freezeMaster() {
      const one = await currentMaster();
      await one.freeze();
      return one;
    },
    async failOver() {
      // None can be chosen while the replicas are still being told of the last one.
      await eventually('a failover to begin', () => ask(first.port, 'FAILOVER', NAME), START_TIMEOUT_MS);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function info(server: RedisServer): Promise<string> {
  return String(await server.cli('INFO', 'replication'));
}
