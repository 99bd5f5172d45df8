/** Controllers are lost, frozen and found again: at no time are the changes of two taken. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ModelRecord } from '../../src/table/model-record.ts';
import { RedisWorkerTable } from '../../src/table/redis/redis-worker-table.ts';
import { TableKeys } from '../../src/table/redis/table-keys.ts';
import { eventually } from '../support/eventually.ts';
import { observedClient } from '../support/redis-clients.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import {
  type ControllerMember,
  CREDENTIALS,
  openTableMember,
  startControllerMember,
  type TablePlace,
} from '../support/table-members.ts';

/** A lease lives for three seconds, and is asked for twice a second; the rest is for a busy machine. */
const SUCCESSION_MS = 5_000 + 5_000;

let redis: RedisServer;
let tables = 0;
beforeAll(async () => {
  redis = await startRedis({ listen: 'tcp' });
});
afterAll(() => redis?.[Symbol.asyncDispose]());

const freshPlace = (): TablePlace => ({ redis, prefix: `t${tables++}` });
const WITHOUT_WATCH = { watches: false };

/** Two candidates, of which the first acts. */
async function twoCandidates(place: TablePlace) {
  const first = await startControllerMember(place, 'c1', WITHOUT_WATCH);
  const second = await startControllerMember(place, 'c2', WITHOUT_WATCH);
  expect([first.acting, second.acting]).toEqual([true, false]);
  return { first, second };
}

describe.concurrent('the lease of the acting controller', () => {
  it('CT2: one of two candidates acts, and the other is refused', async () => {
    const place = freshPlace();
    const { first, second } = await twoCandidates(place);
    await using _first = first;
    await using _second = second;
    await first.table.putModel(record('1'));
    await expect(second.table.putModel(record('2'))).rejects.toMatchObject({ code: 'NOT_ACTING' });
    await eventually('the second to know the first', () =>
      second.table.view().controllers.some(({ id_controller, acting }) => id_controller === 'c1' && acting),
    );
    await eventually('each to see itself', () =>
      second.table.view().controllers.some(({ id_controller, acting }) => id_controller === 'c2' && !acting),
    );
  });

  it('CT2: who resigns hands over at once', async () => {
    const { first, second } = await twoCandidates(freshPlace());
    await using _first = first;
    await using _second = second;
    await first.resign();
    // A lease that is left to lapse lives for at least 2.5 s more.
    await eventually('the other to act', () => second.acting, 2_000);
    expect([first.terms, second.terms]).toEqual([[1, undefined], [2]]);
    await expect(first.table.putModel(record('1'))).rejects.toMatchObject({ code: 'NOT_ACTING' });
  });

  for (const how of ['reset', 'silent'] as const) {
    it(`CT2: a holder that is cut off (${how}) is followed by another, and knows when it is back`, async () => {
      const { first, second } = await twoCandidates(freshPlace());
      await using _first = first;
      await using _second = second;
      await first.proxy.cut(how);
      await eventually('the other to act', () => second.acting, SUCCESSION_MS);
      expect(second.terms).toEqual([2]);
      expect(first.acting).toBe(false);
      await first.proxy.heal();
      await eventually('the first to be back', () => first.table.view().health.available);
      await expect(first.table.putModel(record('1'))).rejects.toMatchObject({ code: 'NOT_ACTING' });
      expect([first.terms, second.terms]).toEqual([[1, undefined], [2]]);
    });
  }

  it('CT6: nobody acts by a view that is not current, though the lease could be had', async () => {
    await using server = await startRedis({ listen: 'tcp', users: ['user ann on >secret ~* +@all'] });
    CREDENTIALS.set(server, 'ann:secret@');
    const place = { redis: server, prefix: 't' };
    await using one = await startControllerMember(place, 'c1', WITHOUT_WATCH);
    await server.cli('ACL', 'SETUSER', 'ann', '-xrange');
    await eventually('the outage', () => !one.table.view().health.available);
    const { lease } = new TableKeys(place.prefix);
    await eventually(
      'the lease to lapse',
      async () => (await server.cli('EXISTS', lease)) === 0,
      SUCCESSION_MS,
    );
    expect(one.acting).toBe(false);
    await server.cli('ACL', 'SETUSER', 'ann', '+xrange');
    await eventually('it to act again', () => one.acting, SUCCESSION_MS);
    expect(one.table.view().health.available).toBe(true);
    expect(one.terms).toEqual([1, undefined, 2]);
  });

  it('CT2: one that did not run and believes that it still acts is refused whatever it writes first', async () => {
    const place = freshPlace();
    const { first, second } = await twoCandidates(place);
    await using _first = first;
    await using _second = second;
    const stranger = await openTableMember(place, 'g1');
    await using _stranger = stranger;
    for (const id of ['w1', 'w2']) await stranger.table.register(registration(id));
    await stranger.table.transition('w1', 'INACTIVE', 'ACTIVE');
    await first.table.putModel(record('1'));
    const token = String(await redis.cli('HGET', new TableKeys(place.prefix).lease, 'token'));
    await first.resign();
    await eventually('the other to act', () => second.acting, SUCCESSION_MS);

    // What a process writes that was stopped before it could learn of any of this.
    using one = observedClient(redis.url);
    await one.becomesUp();
    const late = new RedisWorkerTable({
      client: one.client,
      keys: new TableKeys(place.prefix),
      candidate: () => ({ id_controller: 'c1', token }),
    });
    for (const write of [
      () => late.transition('w1', 'ACTIVE', 'ERROR', 'late'),
      () => late.remove('w2'),
      () => late.putModel({ ...record('1'), state: 'UNAVAILABLE' as const }),
      () => late.removeModel('fraud', '1'),
    ]) {
      await expect(write()).rejects.toMatchObject({ code: 'NOT_ACTING' });
    }
    await second.table.refresh();
    expect(
      second.table
        .view()
        .workers.map(({ status }) => status)
        .sort(),
    ).toEqual(['ACTIVE', 'INACTIVE']);
    expect(second.table.view().models).toMatchObject([{ version: '1', state: 'LOADING' }]);
    // A lease that nobody holds is no licence either.
    await second.resign();
    await expect(late.remove('w2')).rejects.toMatchObject({ code: 'NOT_ACTING' });
  });

  it('CT2: terms count up also when the table comes back empty, and tell that another acted between', async () => {
    await using own = await startRedis({ listen: 'tcp' });
    const { first, second } = await twoCandidates({ redis: own, prefix: 't' });
    await using _first = first;
    await using _second = second;
    await own.cli('FLUSHALL');
    await eventually('one to act again', () => first.terms.length + second.terms.length >= 3, SUCCESSION_MS);
    await first.resign();
    await eventually('the second to act', () => second.acting, SUCCESSION_MS);
    const third = await startControllerMember({ redis: own, prefix: 't' }, 'c3', WITHOUT_WATCH);
    await using _third = third;
    const last = second.terms.at(-1) as number;
    await second.proxy.cut('reset');
    await eventually('the second to know', () => !second.acting);
    await own.cli('FLUSHALL');
    await eventually('the third to act', () => third.acting, SUCCESSION_MS);
    await second.proxy.heal();
    await eventually('the second to know of it', () =>
      second.table.view().controllers.some(({ id_controller, acting }) => id_controller === 'c3' && acting),
    );
    await third.resign();
    await eventually('the second to act again', () => second.acting, SUCCESSION_MS);
    expect(second.terms.at(-1)).toBeGreaterThan(last + 1);
  });

  it('CT2: of five candidates that come and go the changes of one term are all taken before those of the next', async () => {
    const place = freshPlace();
    await using stack = new AsyncDisposableStack();
    const candidates: ControllerMember[] = [];
    for (const name of ['c1', 'c2', 'c3', 'c4', 'c5']) {
      candidates.push(stack.use(await startControllerMember(place, name, WITHOUT_WATCH)));
    }
    let writes = 0;
    const taken = new Map<ControllerMember, number>();
    const write = async (one: ControllerMember) => {
      const { name, table, terms } = one;
      const term = terms.at(-1);
      await table
        .putModel({ ...record('1'), reason: `${name} ${term}`, replicas: ++writes })
        .then(() => taken.set(one, (taken.get(one) ?? 0) + 1))
        .catch((error: { code?: string }) => {
          if (!/^(NOT_ACTING|TABLE_AWAY)$/.test(error.code ?? '')) throw error;
        });
    };
    let stopped = false;
    const writing = candidates.map(async (one) => {
      while (!stopped) {
        await write(one);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    });
    // Who acts is taken out, one way or another.
    for (const how of ['resign', 'silent', 'reset', 'resign'] as const) {
      const acting = await eventually(
        'one to act',
        () => candidates.find((one) => one.acting),
        SUCCESSION_MS,
      );
      const enough = (taken.get(acting) ?? 0) + 10;
      await eventually('ten of its changes', () => (taken.get(acting) ?? 0) >= enough);
      if (how === 'resign') await acting.resign();
      else await acting.proxy.cut(how);
      const others = candidates.filter((one) => one !== acting);
      await eventually('another to act', () => others.some((one) => one.acting), SUCCESSION_MS);
      if (how !== 'resign') await acting.proxy.heal();
    }
    stopped = true;
    await Promise.all(writing);
    const entries = (await redis.cli('XRANGE', new TableKeys(place.prefix).changes, '-', '+')) as [
      string,
      string[],
    ][];
    const field = (fields: string[], name: string) => fields[fields.indexOf(name) + 1] as string;
    const reasons = entries
      .filter(([, fields]) => fields.includes('model'))
      .map(([, fields]) => field(fields, 'reason'));
    expect(reasons.length).toBeGreaterThanOrEqual(40);
    const terms = reasons.map((reason) => Number(reason.split(' ')[1]));
    expect(terms).toEqual(terms.toSorted((a, b) => a - b));
    expect(reasons.filter((reason) => /undefined/.test(reason))).toEqual([]);
    // Each term is one candidate's.
    const holders = Map.groupBy(new Set(reasons), (reason) => reason.split(' ')[1]);
    for (const names of holders.values()) expect(names).toHaveLength(1);
    expect(holders.size).toBeGreaterThanOrEqual(4);
  });
});

function record(version: string): ModelRecord {
  return {
    ...{
      id_model: 'fraud',
      version,
      state: 'LOADING',
      reason: '',
      platform: 'onnxruntime_onnx',
      replicas: 2,
    },
    ...{ max_batch_size: 0, max_queue_delay_us: 0, idempotent: true, signature: undefined, unloaded: false },
  };
}

function registration(id_worker: string) {
  return {
    ...{ id_worker, id_model: 'fraud', version: '1', endpoint: `turntable://${id_worker}`, slots: 8 },
    ...{ node: 'n', pid: 1, supervised: true, revision: 'r1', weight: 1 },
  };
}
