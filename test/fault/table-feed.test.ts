/** The feed of changes is cut, has gaps, says things twice or late, or parts from what a view has seen. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LocalView } from '../../src/table/local-view.ts';
import { ChangeFeed, type StreamEntry } from '../../src/table/redis/change-feed.ts';
import { TableKeys } from '../../src/table/redis/table-keys.ts';
import { isLegalTransition, type WorkerStatus } from '../../src/table/worker-row.ts';
import { eventually } from '../support/eventually.ts';
import { observedClient } from '../support/redis-clients.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import {
  openTableMember,
  startControllerMember,
  startWorkerMember,
  type TablePlace,
} from '../support/table-members.ts';

/** Generous: how long a change takes is measured by a benchmark. */
const SOON_MS = 5_000;

let redis: RedisServer;
let tables = 0;
beforeAll(async () => {
  redis = await startRedis({ listen: 'tcp' });
});
afterAll(() => redis?.[Symbol.asyncDispose]());

const freshPlace = (): TablePlace => ({ redis, prefix: `t${tables++}` });

describe('the feed of changes', () => {
  it('CT4: a change of status reaches four views', async () => {
    const place = freshPlace();
    await using stack = new AsyncDisposableStack();
    const gateways = await Promise.all(
      ['g1', 'g2', 'g3', 'g4'].map(async (name) => stack.use(await openTableMember(place, name))),
    );
    await using worker = await startWorkerMember(place, 'w1');
    const shown = () => gateways.map(({ table }) => table.worker('w1')?.status);
    await eventually('ACTIVE everywhere', () => shown().every((one) => one === 'ACTIVE'), SOON_MS);
    await worker.presence.draining();
    await eventually('UPDATING everywhere', () => shown().every((one) => one === 'UPDATING'), SOON_MS);
    await worker.presence.gone();
    await eventually('gone everywhere', () => shown().every((one) => one === undefined), SOON_MS);
  });

  it('CT4: while it cannot be followed changes come with the exchanges, and afterwards by it again', async () => {
    const place = freshPlace();
    await using gateway = await openTableMember(place, 'g1');
    await using worker = await startWorkerMember(place, 'w1');
    const feeds = async () =>
      String(await redis.cli('CLIENT', 'LIST'))
        .split('\n')
        .filter((line) => / name=g1-feed /.test(line));
    for (const id_worker of ['w2', 'w3', 'w4']) {
      // It comes back, and is killed again.
      const [feed] = await eventually('the feed', async () =>
        (await feeds()).length > 0 ? feeds() : undefined,
      );
      await redis.cli('CLIENT', 'KILL', 'ID', String(/\bid=(\d+)/.exec(String(feed))?.[1]));
      await worker.table.register(registration(id_worker));
      await eventually('the row', () => gateway.table.worker(id_worker), SOON_MS);
    }
    await eventually('the feed to be followed again', async () => / cmd=xread /.test(String(await feeds())));
    expect(gateway.warnings).toEqual([]);
  });

  it('CT4: it is followed again after it was refused alone, which is logged', async () => {
    await using own = await startRedis({ listen: 'tcp' });
    const place = { redis: own, prefix: 't' };
    await using gateway = await openTableMember(place, 'g1');
    await using worker = await startWorkerMember(place, 'w1');
    const refused = async () => Number(/xread:.*rejected_calls=(\d+)/.exec(await stats())?.[1] ?? 0);
    const stats = async () => String(await own.cli('INFO', 'commandstats'));
    await own.cli('ACL', 'SETUSER', 'default', '-xread');
    await eventually('a refusal', async () => (await refused()) > 2);
    await worker.table.register(registration('w2'));
    await eventually('the row', () => gateway.table.worker('w2'), SOON_MS);
    await eventually('a line', () => gateway.warnings.length === 1);
    await own.cli('ACL', 'SETUSER', 'default', '+xread');
    await eventually('the feed', async () => / cmd=xread /.test(String(await own.cli('CLIENT', 'LIST'))));
    expect(gateway.warnings).toEqual([expect.stringContaining('the feed of changes cannot be followed')]);
    expect(gateway.table.view().health.outages).toBe(0);
  });

  it('CT4: a gap has all read anew, what was removed within it included', async () => {
    const place = freshPlace();
    await using gateway = await openTableMember(place, 'g1');
    await using worker = await startWorkerMember(place, 'w1');
    await worker.table.register(registration('w2'));
    await eventually('both rows', () => gateway.table.worker('w2'), SOON_MS);
    await gateway.proxy.cut('reset');
    await eventually('the outage', () => !gateway.table.view().health.available);
    await worker.table.register(registration('w3'));
    await worker.table.remove('w2');
    await redis.cli('XTRIM', `{${place.prefix}}:changes`, 'MAXLEN', 0);
    await gateway.proxy.heal();
    await eventually(
      'what came and went',
      () => gateway.table.worker('w3') && !gateway.table.worker('w2'),
      SOON_MS,
    );
    // Removed and not lost: nobody waits for it.
    expect(gateway.table.view().workers.map(({ id_worker }) => id_worker)).toEqual(['w1', 'w3']);
  });

  it('CT4: a history that parts from the one that the view has seen is read anew, also when as long', async () => {
    const place = freshPlace();
    await using gateway = await openTableMember(place, 'g1');
    await using worker = await startWorkerMember(place, 'w1');
    await worker.table.register(registration('lost'));
    await eventually('the row', () => gateway.table.worker('lost'), SOON_MS);
    // As a failover does that lost the last change, after which another took its number.
    const key = (name: string) => `{${place.prefix}}:${name}`;
    const [[id, fields]] = (await redis.cli('XREVRANGE', key('changes'), '+', '-', 'COUNT', 1)) as [
      StreamEntry,
    ];
    const before = fields[fields.indexOf('before') + 1] as string;
    await redis.cli('XDEL', key('changes'), id);
    await redis.cli('DEL', key('worker:lost'));
    await redis.cli('SREM', key('workers'), 'lost');
    await redis.cli('HINCRBY', key('meta'), 'seq', -1);
    await redis.cli('HSET', key('meta'), 'last', before);
    await worker.table.register(registration('new'));
    await worker.table.register(registration('newer'));
    const shown = () => gateway.table.view().workers.map(({ id_worker }) => id_worker);
    await eventually('what is there now', () => ['w1', 'new', 'newer'].every((one) => shown().includes(one)));
    await eventually('what was lost to be let go', () => !shown().includes('lost'));
  });

  it('CT4: entries of another table have all read anew', async () => {
    const place = freshPlace();
    await using gateway = await openTableMember(place, 'g1');
    await using worker = await startWorkerMember(place, 'w1');
    await eventually('the row', () => gateway.table.worker('w1')?.status === 'ACTIVE', SOON_MS);
    const keys = (await redis.cli('KEYS', `{${place.prefix}}:*`)) as string[];
    const restored: unknown[] = [];
    gateway.table.subscribe(({ kind }) => restored.push(...(kind === 'restored' ? [kind] : [])));
    await redis.cli('DEL', ...keys);
    await worker.table.register(registration('w2'));
    await eventually('a full read', () => restored.length > 0 && gateway.table.worker('w2'), SOON_MS);
    await eventually('the row again', async () =>
      Number(await redis.cli('EXISTS', `{${place.prefix}}:worker:w1`)),
    );
    expect(gateway.table.worker('w1')?.status).toBe('ACTIVE');
  });

  it('CT2 CT4: entries that come twice, late and in any order leave the same view, and only legal histories', async () => {
    const place = freshPlace();
    await using controller = await startControllerMember(place, 'c1', { watches: false });
    const { table } = controller;
    for (const id of ['a', 'b', 'c']) {
      await table.register(registration(id));
      await table.transition(id, 'INACTIVE', 'ACTIVE');
      await table.transition(id, 'ACTIVE', 'ERROR');
      await table.transition(id, 'ERROR', 'ACTIVE');
      if (id !== 'a') await table.transition(id, 'ACTIVE', 'UPDATING');
      if (id === 'c') await table.remove(id);
    }
    using one = observedClient(redis.url);
    await one.becomesUp();
    const keys = new TableKeys(place.prefix);
    const entries = (await one.client.call('XRANGE', [keys.changes, '-', '+'])) as StreamEntry[];
    const truth = table.view().workers.map(({ id_worker, status }) => `${id_worker} ${status}`);
    expect(truth).toEqual(['a ACTIVE', 'b UPDATING']);
    const piece = fc.tuple(fc.nat(entries.length - 1), fc.integer({ min: 1, max: 5 }));
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (pieces) => {
        const local = new LocalView(() => 0);
        const feed = new ChangeFeed({
          ...{ client: one.client, keys, local, onNotice: () => {} },
          now: () => performance.now(),
        });
        const seen = new Map<string, (WorkerStatus | undefined)[]>();
        local.subscribe((change) => {
          if (change.kind !== 'worker') return;
          const status = local.worker(change.id_worker)?.status;
          seen.set(change.id_worker, [...(seen.get(change.id_worker) ?? []), status]);
        });
        for (const [from, length] of pieces) {
          await feed.take(entries.slice(from, from + length));
          // What a view has is at no time older than what it had.
          for (const history of seen.values()) expectReachable(history);
        }
        await feed.catchUp();
        const shown = Array.from(local.rows.values(), ({ id_worker, status }) => `${id_worker} ${status}`);
        expect(shown.sort()).toEqual(truth);
      }),
      { numRuns: 60 },
    );
  });
});

/** Each status can be come to from the one before it by legal changes, some of which a full read has passed over. */
function expectReachable(history: readonly (WorkerStatus | undefined)[]): void {
  for (const [i, to] of history.slice(1).entries()) {
    const from = history[i];
    const reached = from === undefined ? undefined : reachable(from).has(to ?? 'gone');
    if (!reached && from !== to) throw new Error(`from ${from} to ${to}`);
  }
}

function reachable(from: WorkerStatus): Set<WorkerStatus | 'gone'> {
  const found = new Set<WorkerStatus | 'gone'>(['gone']);
  const visit = (status: WorkerStatus) => {
    for (const to of ['INACTIVE', 'ACTIVE', 'UPDATING', 'ERROR'] as const) {
      if (!isLegalTransition(status, to) || found.has(to)) continue;
      found.add(to);
      visit(to);
    }
  };
  visit(from);
  return found;
}

function registration(id_worker: string) {
  return {
    ...{ id_worker, id_model: 'fraud', version: '1', endpoint: `turntable://${id_worker}`, slots: 8 },
    ...{ node: 'n', pid: 1, supervised: true, revision: 'r1', weight: 1 },
  };
}
