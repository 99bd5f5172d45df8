/** The clock of the table is set, or that of a process is wrong: nobody is thought silent or alive by that. */
import { setTimeout as pass } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { TableKeys } from '../../src/table/redis/table-keys.ts';
import { eventually } from '../support/eventually.ts';
import { startRedis } from '../support/redis-server.ts';
import {
  allActive,
  countsAreTrue,
  SILENT_MS,
  startControllerMember,
  startGatewayMember,
  startWorkerMember,
} from '../support/table-members.ts';

const HOUR_MS = 3_600_000;
/** What CT3 gives the counts to be true again, and what a busy machine needs; far less than a jump of the clock. */
const TRUTH_MS = 3_000 + 2_000;
const SUCCESSION_MS = 5_000 + 5_000;
/** By when the watchdog has found out who is silent, whatever the clock did. */
const FOUND_MS = SILENT_MS + 5_000;
const KEYS = new TableKeys('t');

describe.concurrent('the clock of the table', () => {
  for (const [name, jumpMs] of [
    ['ahead', HOUR_MS],
    ['back', -HOUR_MS],
  ] as const) {
    it(`CT7: set one hour ${name}: who lives stays ACTIVE, who is dead becomes ERROR, no statement lapses`, async () => {
      await using redis = await startRedis({ listen: 'tcp', movableClock: true });
      const place = { redis, prefix: 't' };
      await using one = await startGatewayMember(place, 'g1');
      await using other = await startGatewayMember(place, 'g2');
      await using controller = await startControllerMember(place, 'c1');
      await using standby = await startControllerMember(place, 'c2');
      await using living = await startWorkerMember(place, 'living');
      const dead = await startWorkerMember(place, 'dead');
      const members = [one, other, controller, standby];
      await allActive(members, [living, dead]);
      other.inFlight.set('living', 5);
      await countsAreTrue(members, [one, other], TRUTH_MS);
      const fewest = leastSeen(one, 'living');
      const errors = statusesOf(one, 'living');

      redis.advanceClock(jumpMs);
      await dead.die();
      await eventually(
        'the dead one to be found',
        () => one.table.worker('dead')?.status === 'ERROR',
        FOUND_MS,
      );
      // A worker that dies after the jump is found as soon.
      const second = await startWorkerMember(place, 'second');
      await eventually('it to be ACTIVE', () => one.table.worker('second')?.status === 'ACTIVE');
      await second.die();
      await eventually('it to be found', () => one.table.worker('second')?.status === 'ERROR', FOUND_MS);
      expect(fewest()).toBe(5);
      // And a gateway, whose share lapses.
      await other.die();
      await countsAreTrue([one, controller, standby], [one], TRUTH_MS);
      expect(errors()).toEqual([]);
      const acting = standby.acting ? standby : controller;
      const heir = standby.acting ? controller : standby;
      await acting.proxy.cut('reset');
      await eventually('the other controller to act', () => heir.acting, SUCCESSION_MS);
      await eventually(
        'the cut one to be forgotten',
        () => heir.table.view().controllers.length === 1,
        SUCCESSION_MS,
      );
    });
  }

  it('CT7: set back, it does not have the pulse grow for as long, nor a dead holder keep the lease', async () => {
    await using redis = await startRedis({ listen: 'tcp', movableClock: true });
    const place = { redis, prefix: 't' };
    await using gateway = await startGatewayMember(place, 'g1');
    const first = await startControllerMember(place, 'c1');
    await using second = await startControllerMember(place, 'c2');
    await using worker = await startWorkerMember(place, 'w1');
    await allActive([gateway], [worker]);
    await first.proxy.cut('reset');
    redis.advanceClock(-HOUR_MS);
    await eventually('the other to act', () => second.acting, SUCCESSION_MS);
    await first[Symbol.asyncDispose]();
    // By far more than it keeps.
    for (let i = 0; i < 5_000; i += 500) {
      const beats = Array.from({ length: 500 }, () =>
        worker.table.heartbeat({ id_worker: 'w1', rss_bytes: i }),
      );
      await Promise.all(beats);
    }
    expect(Number(await redis.cli('XLEN', KEYS.pulse))).toBeLessThan(2_000);
    gateway.inFlight.set('w1', 2);
    await countsAreTrue([second], [gateway], TRUTH_MS);
  });

  it('CT7: set while the table was away and lost, it leaves nothing of those who died meanwhile', async () => {
    await using redis = await startRedis({ listen: 'tcp', movableClock: true });
    const place = { redis, prefix: 't' };
    await using one = await startGatewayMember(place, 'g1');
    const other = await startGatewayMember(place, 'g2');
    await using worker = await startWorkerMember(place, 'w1');
    await allActive([one], [worker]);
    other.inFlight.set('w1', 5);
    await countsAreTrue([one], [one, other], TRUTH_MS);
    await redis.kill();
    await other.die();
    redis.advanceClock(-HOUR_MS);
    await redis.restart();
    await allActive([one], [worker], TRUTH_MS);
    await countsAreTrue([one], [one], TRUTH_MS);
  });
});

describe('the clock of a process', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('CT7: that is an hour off is seen by nobody', async () => {
    await using redis = await startRedis({ listen: 'tcp' });
    const truth = Date.now();
    vi.useFakeTimers({ toFake: ['Date'], now: truth + HOUR_MS });
    const place = { redis, prefix: 't' };
    await using gateway = await startGatewayMember(place, 'g1');
    await using controller = await startControllerMember(place, 'c1');
    await using worker = await startWorkerMember(place, 'w1');
    await allActive([gateway, controller], [worker]);
    gateway.inFlight.set('w1', 1);
    for (const offset of [HOUR_MS, -HOUR_MS]) {
      vi.setSystemTime(truth + offset);
      await pass(SILENT_MS + 200);
      await allActive([gateway, controller], [worker], 0);
      await countsAreTrue([gateway, controller], [gateway], 0);
      const { now, gateways } = controller.table.view();
      expect(Math.abs(now - truth)).toBeLessThan(60_000);
      expect(Math.abs((gateways[0]?.last_activity ?? 0) - truth)).toBeLessThan(60_000);
    }
    vi.useRealTimers();
    expect(gateway.warnings).toEqual([]);
  });
});

type Gateway = Awaited<ReturnType<typeof startGatewayMember>>;

/** The least that a view has shown of a worker's requests, as often as anything changed. */
function leastSeen({ table }: Gateway, id_worker: string): () => number {
  let least = table.worker(id_worker)?.current_requests ?? 0;
  const look = () => {
    least = Math.min(least, table.worker(id_worker)?.current_requests ?? 0);
  };
  const unsubscribe = table.subscribe(look);
  return () => {
    unsubscribe();
    return least;
  };
}

/** What else than ACTIVE a worker was. */
function statusesOf({ table }: Gateway, id_worker: string): () => string[] {
  const seen: string[] = [];
  table.subscribe(() => {
    const status = table.worker(id_worker)?.status;
    if (status !== 'ACTIVE') seen.push(status ?? 'gone');
  });
  return () => seen;
}
