/** Commands carried from gateways to the acting controller, which may be lost over them, as may the table. */
import { describe, expect, it } from 'vitest';
import type { CommandResult, ModelCommand } from '../../src/table/model-record.ts';
import { eventually } from '../support/eventually.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import { openTableMember, startControllerMember, type TablePlace } from '../support/table-members.ts';

const LOAD = { action: 'load', id_model: 'fraud' } as const;
/** What the caller would wait at most; far longer than a test may take. */
const never = () => AbortSignal.timeout(60_000);
const done = async ({ id, id_model }: ModelCommand): Promise<CommandResult> => ({
  ...{ id, outcome: 'done', message: `loaded ${id_model}` },
});

async function withRedis(use: (place: TablePlace & { redis: RedisServer }) => Promise<void>): Promise<void> {
  await using redis = await startRedis({ listen: 'tcp' });
  await use({ redis, prefix: 't' });
}

describe.concurrent('a command to the controller', () => {
  it('is carried from another process, and its answer back', () =>
    withRedis(async (place) => {
      await using gateway = await openTableMember(place, 'g1');
      await using controller = await startControllerMember(place, 'c1');
      await using standby = await startControllerMember(place, 'c2');
      controller.table.serveCommands(done);
      standby.table.serveCommands(() => Promise.reject(new Error('it does not act')));
      const result = await gateway.table.command(LOAD, never());
      expect(result).toMatchObject({ outcome: 'done', message: 'loaded fraud' });
      controller.table.serveCommands(() => Promise.reject(new Error('no such model')));
      const failed = await gateway.table.command(LOAD, never());
      expect(failed).toMatchObject({ outcome: 'failed', message: 'no such model' });
    }));

  it('put the moment a controller comes to act is carried out', () =>
    withRedis(async (place) => {
      await using gateway = await openTableMember(place, 'g1');
      for (let i = 0; i < 10; i++) {
        await using candidate = await openTableMember(place, 'c1');
        candidate.table.serveCommands(done);
        const campaign = candidate.table.campaign({ id_controller: `c${i}`, node: 'n', pid: 1 }, () => {});
        const result = await eventually('an answer', async () => {
          const one = await gateway.table.command(LOAD, AbortSignal.timeout(5_000));
          return one.outcome === 'unavailable' ? undefined : one;
        });
        expect(result.outcome).toBe('done');
        await (await campaign).resign();
      }
    }));

  for (const others of [0, 1]) {
    it(`ends soon when the controller is lost over it, with ${others} to take its place`, () =>
      withRedis(async (place) => {
        await using gateway = await openTableMember(place, 'g1');
        await using controller = await startControllerMember(place, 'c1');
        await using stack = new AsyncDisposableStack();
        for (let i = 0; i < others; i++) stack.use(await startControllerMember(place, `other-${i}`));
        let under = false;
        controller.table.serveCommands(() => {
          under = true;
          return new Promise(() => {});
        });
        const answer = gateway.table.command(LOAD, never());
        await eventually('it to be under way', () => under);
        await controller.proxy.cut('reset');
        const lostAt = performance.now();
        expect(await answer).toMatchObject({
          outcome: 'timed_out',
          message: expect.stringContaining('the controller was lost or replaced'),
        });
        // The lease is lost after 3 s and missed twice, a second apart; the caller would have waited for 60 s.
        expect(performance.now() - lostAt).toBeLessThan(20_000);
      }));
  }

  it('ends at once when the controller resigns over it', () =>
    withRedis(async (place) => {
      await using gateway = await openTableMember(place, 'g1');
      await using controller = await startControllerMember(place, 'c1');
      controller.table.serveCommands(() => new Promise(() => {}));
      const answer = gateway.table.command(LOAD, never());
      await eventually('it to be under way', async () =>
        String(await place.redis.cli('XREVRANGE', '{t}:changes', '+', '-', 'COUNT', 1)).includes('command'),
      );
      await controller.resign();
      expect(await answer).toMatchObject({ outcome: 'timed_out' });
    }));

  it('goes on for as long as the controller works on it', () =>
    withRedis(async (place) => {
      await using gateway = await openTableMember(place, 'g1');
      await using controller = await startControllerMember(place, 'c1');
      let finish: () => void = () => {};
      controller.table.serveCommands(async (command) => {
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        return done(command);
      });
      const answer = gateway.table.command(LOAD, never());
      // Longer than a lease lives without being renewed, and than its holder is looked for.
      await new Promise((resolve) => setTimeout(resolve, 4_500));
      finish();
      expect(await answer).toMatchObject({ outcome: 'done' });
    }));

  it('CT6: is unavailable at once while the table is away, and says why', () =>
    withRedis(async (place) => {
      await using gateway = await openTableMember(place, 'g1');
      await using controller = await startControllerMember(place, 'c1');
      controller.table.serveCommands(done);
      await gateway.proxy.cut('reset');
      await eventually('the outage', () => !gateway.table.view().health.available);
      expect(await gateway.table.command(LOAD, never())).toMatchObject({
        outcome: 'unavailable',
        message: expect.stringContaining('the table is away'),
      });
      await gateway.proxy.heal();
      await eventually('its end', () => gateway.table.view().health.available);
      expect(await gateway.table.command(LOAD, never())).toMatchObject({ outcome: 'done' });
    }));

  it('CT6: whose answer comes while its sender is cut off is answered when it is back', () =>
    withRedis(async (place) => {
      await using gateway = await openTableMember(place, 'g1');
      await using controller = await startControllerMember(place, 'c1');
      let finish: (() => void) | undefined;
      controller.table.serveCommands(async (command) => {
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        return done(command);
      });
      const answer = gateway.table.command(LOAD, never());
      const release = await eventually('it to be under way', () => finish);
      await gateway.proxy.cut('reset');
      await eventually('the outage', () => !gateway.table.view().health.available);
      release();
      await eventually('the answer to be in the feed', async () =>
        String(await place.redis.cli('XREVRANGE', '{t}:changes', '+', '-', 'COUNT', 1)).includes('result'),
      );
      await gateway.proxy.heal();
      expect(await answer).toMatchObject({ outcome: 'done' });
    }));
});
