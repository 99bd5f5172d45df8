/** A Redis Cluster of three masters with a replica each, which fails over within a few seconds. */
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { type RedisServer, startRedis } from './redis-server.ts';

export interface RedisCluster extends AsyncDisposable {
  /** With all nodes. */
  readonly url: string;
  readonly servers: readonly RedisServer[];
  /** The master that takes commands for a key; those killed or frozen by this object are not asked. */
  ownerOf(key: string): Promise<RedisServer>;
  /** Resolves at once, before the failover. */
  killOwnerOf(key: string): Promise<RedisServer>;
  freezeOwnerOf(key: string): Promise<RedisServer>;
  /** Has one that was killed or frozen come back, as a replica of the one that took its place. */
  rejoin(server: RedisServer): Promise<void>;
  /** Gives the slot of a key, with that key, to another master. */
  moveSlotOf(key: string, to: RedisServer): Promise<void>;
}

const MASTERS = 3;
const SLOTS = 16_384;
const START_TIMEOUT_MS = 30_000;

export async function startRedisCluster(): Promise<RedisCluster> {
  await using stack = new AsyncDisposableStack();
  const servers: RedisServer[] = [];
  for (let i = 0; i < 2 * MASTERS; i++) {
    const config = [
      ...['cluster-enabled yes', 'cluster-node-timeout 1000', 'cluster-replica-validity-factor 0'],
      // The bus has a port of its own, which by default is 10,000 higher and may be anybody's.
      `cluster-port ${await freePort()}`,
      ...['repl-diskless-sync-delay 0', 'repl-timeout 5', 'repl-ping-replica-period 1'],
    ];
    servers.push(stack.use(await startRedis({ listen: 'tcp', config })));
  }
  const [first] = servers as [RedisServer, ...RedisServer[]];
  const masters = servers.slice(0, MASTERS);
  for (const [i, master] of masters.entries()) {
    const from = Math.floor((i * SLOTS) / MASTERS);
    const to = Math.floor(((i + 1) * SLOTS) / MASTERS) - 1;
    await master.cli('CLUSTER', 'ADDSLOTSRANGE', from, to);
    await master.cli('CLUSTER', 'SET-CONFIG-EPOCH', i + 1);
  }
  for (const server of servers.slice(1)) {
    const busPort = String(await server.cli('CONFIG', 'GET', 'cluster-port')).split(',')[1] as string;
    await first.cli('CLUSTER', 'MEET', '127.0.0.1', server.port, busPort);
  }
  const nodesOf = async (server: RedisServer) => String(await server.cli('CLUSTER', 'NODES'));
  for (const [i, replica] of servers.slice(MASTERS).entries()) {
    const id = String(await masters[i]?.cli('CLUSTER', 'MYID'));
    const knowsMaster = async () => (await nodesOf(replica)).includes(id);
    await eventually('a replica to know its master', knowsMaster, START_TIMEOUT_MS);
    await replica.cli('CLUSTER', 'REPLICATE', id);
  }
  for (const server of servers) {
    const knowsAll = async () => {
      const lines = (await nodesOf(server)).trim().split('\n');
      const replicas = lines.filter((line) => /\bslave\b/.test(line) && / connected/.test(line));
      const isOk = /cluster_state:ok/.test(String(await server.cli('CLUSTER', 'INFO')));
      const isLinked = /role:master|master_link_status:up/.test(
        String(await server.cli('INFO', 'replication')),
      );
      return isOk && isLinked && lines.length === servers.length && replicas.length === MASTERS;
    };
    await eventually('a node to know all others', knowsAll, START_TIMEOUT_MS);
  }

  const gone = new Set<RedisServer>();
  const ownerOf = (key: string) =>
    eventually(`an owner of ${key}`, async () => {
      const living = servers.filter((server) => !gone.has(server));
      const owns = (server: RedisServer) =>
        server.cli('EXISTS', key).then(
          () => true,
          () => false,
        );
      const answers = await Promise.all(living.map(owns));
      return living.find((_, i) => answers[i]);
    });
  const owned = stack.move();
  return {
    url: `redis+cluster://${servers.map(({ port }) => `127.0.0.1:${port}`)}`,
    servers,
    ownerOf,
    async killOwnerOf(key) {
      const owner = await ownerOf(key);
      gone.add(owner);
      await owner.kill();
      return owner;
    },
    async freezeOwnerOf(key) {
      const owner = await ownerOf(key);
      gone.add(owner);
      await owner.freeze();
      return owner;
    },
    async rejoin(server) {
      server.thaw();
      if (!server.isRunning) await server.restart();
      const isReplica = async () =>
        /role:slave[\s\S]*master_link_status:up/.test(String(await server.cli('INFO', 'replication')));
      await eventually('a node to come back as a replica', isReplica, START_TIMEOUT_MS);
      gone.delete(server);
    },
    async moveSlotOf(key, to) {
      const from = await ownerOf(key);
      const slot = Number(await from.cli('CLUSTER', 'KEYSLOT', key));
      const [fromId, toId] = [
        String(await from.cli('CLUSTER', 'MYID')),
        String(await to.cli('CLUSTER', 'MYID')),
      ];
      await to.cli('CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId);
      await from.cli('CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId);
      await from.cli('MIGRATE', '127.0.0.1', to.port, key, 0, 5_000);
      for (const server of [to, from, ...masters]) await server.cli('CLUSTER', 'SETSLOT', slot, 'NODE', toId);
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
