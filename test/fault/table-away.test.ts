/** The table goes away in every way that Redis can: requests go on by the last view, and all is as it was afterwards. */
import { setTimeout as pass } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type RedisServer, type RedisServerOptions, startRedis } from '../support/redis-server.ts';
import {
  allActive,
  CREDENTIALS,
  countsAreTrue,
  type GatewayMember,
  SILENT_MS,
  startControllerMember,
  startGatewayMember,
  startWorkerMember,
  type TableMember,
} from '../support/table-members.ts';

/** What CT3 gives the counts to be true again, and what a busy machine needs. */
const TRUTH_MS = 3_000 + 2_000;

/** Of a table that comes and goes, no more than one outage in this time is logged. */
const LOG_EVERY_MS = 10_000;

const AWAY = 'the control table is away: requests go on by the last view, changes wait';
const BACK = 'the control table is back';

interface Outage {
  readonly name: string;
  readonly options?: RedisServerOptions;
  begin(redis: RedisServer): Promise<unknown>;
  end(redis: RedisServer): Promise<unknown>;
  /** How long it lasts; default as long as the members need to notice. */
  readonly lastsMs?: number;
  /** Whether a process may see nothing of it. */
  readonly mayPassUnnoticed?: boolean;
}

const TCP = { listen: 'tcp' } as const;
const OUTAGES: readonly Outage[] = [
  {
    name: 'Redis is frozen for longer than the lease lives',
    options: TCP,
    begin: (redis) => redis.freeze(),
    end: async (redis) => redis.thaw(),
    lastsMs: 4_000,
  },
  {
    name: 'Redis is frozen for a little longer than a worker may be silent',
    options: TCP,
    begin: (redis) => redis.freeze(),
    end: async (redis) => redis.thaw(),
    lastsMs: 2_000,
  },
  {
    name: 'Redis is killed and comes back with its data',
    options: { ...TCP, config: ['appendonly yes'] },
    begin: (redis) => redis.kill(),
    end: (redis) => redis.restart(),
    lastsMs: 2_000,
  },
  {
    name: 'Redis is killed and comes back empty',
    options: TCP,
    begin: (redis) => redis.kill(),
    end: (redis) => redis.restart(),
    lastsMs: 2_000,
  },
  {
    name: 'Redis is full',
    options: { ...TCP, config: ['maxmemory-policy noeviction'] },
    begin: (redis) => redis.cli('CONFIG', 'SET', 'maxmemory', '1mb'),
    end: (redis) => redis.cli('CONFIG', 'SET', 'maxmemory', '0'),
  },
  {
    name: 'Redis becomes a replica of a server that is not there',
    options: TCP,
    begin: (redis) => redis.cli('REPLICAOF', '127.0.0.1', '1'),
    end: (redis) => redis.cli('REPLICAOF', 'NO', 'ONE'),
  },
  {
    name: 'our user loses its permissions',
    options: { ...TCP, users: ['user ann on >secret ~* +@all'] },
    begin: (redis) => redis.cli('ACL', 'SETUSER', 'ann', '-@all'),
    end: (redis) => redis.cli('ACL', 'SETUSER', 'ann', '+@all'),
  },
];

describe.concurrent('an outage of the table', () => {
  for (const outage of OUTAGES) {
    it(`CT6: ${outage.name}: the view stays, writes reject, and all is true again within 3 s`, async () => {
      await using redis = await startRedis(outage.options);
      if (outage.options?.users) CREDENTIALS.set(redis, 'ann:secret@');
      const place = { redis, prefix: 't' };
      await using one = await startGatewayMember(place, 'g1');
      await using other = await startGatewayMember(place, 'g2');
      await using controller = await startControllerMember(place, 'c1');
      await using w1 = await startWorkerMember(place, 'w1');
      await using w2 = await startWorkerMember(place, 'w2');
      // No gateway says that it reaches this one: the watchdog has its signs of life alone.
      await using w3 = await startWorkerMember(place, 'w3');
      const workers = [w1, w2, w3];
      const members = [one, other, controller];
      await allActive(members, workers);
      one.inFlight.set('w1', 3);
      other.inFlight.set('w1', 4).set('w2', 5);
      await countsAreTrue(members, [one, other], TRUTH_MS);
      const histories = [one, other].map(statusesSeen);
      const records = one.table.view().models;

      await outage.begin(redis);
      const beganAt = performance.now();
      await eventually('all to notice', () => members.every(({ table }) => !table.view().health.available));
      for (const { table } of members) {
        await expect(table.transition('w1', 'ACTIVE', 'UPDATING')).rejects.toMatchObject({
          code: expect.stringMatching(/^(TABLE_AWAY|TABLE_REFUSED|NOT_ACTING)$/),
        });
        expect(table.view().health.reason).not.toBe('');
        expect(table.view().workers.map(({ status }) => status)).toEqual(['ACTIVE', 'ACTIVE', 'ACTIVE']);
      }
      expect(controller.acting).toBe(false);
      one.inFlight.set('w1', 1);
      other.inFlight.set('w2', 0);
      await pass(Math.max(0, (outage.lastsMs ?? 0) - (performance.now() - beganAt)));

      await outage.end(redis);
      await eventually(
        'all to be back',
        () => members.every(({ table }) => table.view().health.available),
        TRUTH_MS,
      );
      await countsAreTrue(members, [one, other], TRUTH_MS);
      await allActive(members, workers, TRUTH_MS);
      await eventually('a controller that acts', () => controller.acting, TRUTH_MS);
      // Long enough for a watchdog to act on what it has misunderstood.
      await pass(SILENT_MS + 500);
      await allActive(members, workers, 0);
      expect(histories.map((seen) => Object.fromEntries(seen))).toEqual([{}, {}]);
      expect(workers.flatMap(({ told }) => told)).toEqual([]);
      expect(one.table.view().models).toEqual(records);
      for (const { warnings, infos, table } of members) {
        expect(warnings).toEqual([expect.stringContaining(AWAY)]);
        expect(infos).toEqual([expect.stringContaining(BACK)]);
        expect(table.view().health).toMatchObject({ available: true, outages: 1, reason: '' });
      }
    });
  }

  it('CT6: a table that is emptied under way is filled again by those who live, and no view empties meanwhile', async () => {
    await using redis = await startRedis(TCP);
    const place = { redis, prefix: 't' };
    await using one = await startGatewayMember(place, 'g1');
    await using other = await startGatewayMember(place, 'g2');
    await using controller = await startControllerMember(place, 'c1');
    await using w1 = await startWorkerMember(place, 'w1');
    await using w2 = await startWorkerMember(place, 'w2');
    const dead = await startWorkerMember(place, 'w3');
    const members = [one, other, controller];
    await allActive(members, [w1, w2, dead]);
    one.inFlight.set('w1', 3);
    other.inFlight.set('w1', 4).set('w2', 5);
    await countsAreTrue(members, [one, other], TRUTH_MS);
    const histories = [one, other].map(statusesSeen);
    const restored = members.map(timesRestored);

    await dead.die();
    await redis.cli('FLUSHALL');
    await eventually(
      'the rows to be back',
      async () => Number(await redis.cli('SCARD', '{t}:workers')) === 2,
      TRUTH_MS,
    );
    await countsAreTrue(members, [one, other], TRUTH_MS);
    // The dead one is let go when its time to speak is over.
    await allActive(members, [w1, w2]);
    expect(histories.map((seen) => Object.fromEntries(seen))).toEqual([{ w3: ['gone'] }, { w3: ['gone'] }]);
    expect(one.table.view().models).toMatchObject([{ id_model: 'fraud', state: 'READY' }]);
    // What is lost is said again once, not as a storm.
    for (const count of restored) expect(count()).toBeLessThanOrEqual(2);
    expect(members.map(({ warnings }) => warnings)).toEqual([[], [], []]);
  });

  it('CT6: answers that are 300 ms late make no outage, and counts are true all the same', async () => {
    await using redis = await startRedis(TCP);
    const place = { redis, prefix: 't' };
    await using slow = await startGatewayMember(place, 'g1');
    await using other = await startGatewayMember(place, 'g2');
    await using controller = await startControllerMember(place, 'c1');
    await using w1 = await startWorkerMember(place, 'w1');
    const members = [slow, other, controller];
    await allActive(members, [w1]);
    for (const { proxy } of [slow, controller, w1]) proxy.delay(300);
    slow.inFlight.set('w1', 3);
    other.inFlight.set('w1', 4);
    await countsAreTrue(members, [slow, other], TRUTH_MS);
    await redis.cli('XTRIM', '{t}:changes', 'MAXLEN', 0);
    await w1.table.transition('w1', 'ACTIVE', 'UPDATING');
    await eventually('the change', () => slow.table.worker('w1')?.status === 'UPDATING', TRUTH_MS);
    for (const { warnings, table } of members) {
      expect(warnings).toEqual([]);
      expect(table.view().health.outages).toBe(0);
    }
  });

  it('CT6: a table that comes and goes is logged once', async () => {
    await using redis = await startRedis(TCP);
    await using gateway = await startGatewayMember({ redis, prefix: 't' }, 'g1');
    const beganAt = performance.now();
    for (let i = 0; i < 20; i++) {
      await gateway.proxy.cut('reset');
      await eventually('the outage', () => !gateway.table.view().health.available);
      await gateway.proxy.heal();
      await eventually('its end', () => gateway.table.view().health.available);
    }
    expect(gateway.table.view().health.outages).toBe(20);
    // One, on a machine that does not take longer than the time between two lines.
    const lines = 1 + Math.floor((performance.now() - beganAt) / LOG_EVERY_MS);
    expect(gateway.warnings.length).toBeGreaterThanOrEqual(1);
    expect(gateway.warnings.length).toBeLessThanOrEqual(lines);
    expect(gateway.infos).toHaveLength(gateway.warnings.length);
  });

  it('CT6: an outage soon after one that was logged is logged too when it lasts', async () => {
    await using redis = await startRedis(TCP);
    await using gateway = await startGatewayMember({ redis, prefix: 't' }, 'g1');
    await gateway.proxy.cut('reset');
    await eventually('the outage', () => gateway.warnings.length === 1);
    await gateway.proxy.heal();
    await eventually('its end', () => gateway.table.view().health.available);
    await gateway.proxy.cut('reset');
    await eventually('a second line', () => gateway.warnings.length === 2, 15_000);
  });
});

/** Statuses that a gateway saw a worker come to from now on, or `gone`. */
function statusesSeen({ table }: GatewayMember): Map<string, string[]> {
  const seen = new Map<string, string[]>();
  const last = new Map<string, string>(
    table.view().workers.map(({ id_worker, status }) => [id_worker, status]),
  );
  table.subscribe((change) => {
    if (change.kind !== 'worker') return;
    const status = table.worker(change.id_worker)?.status ?? 'gone';
    if (last.get(change.id_worker) === status) return;
    last.set(change.id_worker, status);
    seen.set(change.id_worker, [...(seen.get(change.id_worker) ?? []), status]);
  });
  return seen;
}

function timesRestored({ table }: TableMember): () => number {
  let times = 0;
  table.subscribe(({ kind }) => {
    if (kind === 'restored') times++;
  });
  return () => times;
}
