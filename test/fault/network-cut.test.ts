/** The network is cut between one gateway and one worker, and between one gateway and Redis, silently, under load. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { activeWorkers, allCountsZero, tableOf } from '../support/members.ts';
import { type CuttableNetwork, canCutNetworks, startCuttableNetwork } from '../support/network.ts';
import { type RedisServer, startRedis } from '../support/redis-server.ts';
import {
  type GatewayProcess,
  startControllerProcess,
  startGateway,
  startWorkerByHand,
} from '../support/roles.ts';
import { runningThings } from '../support/running.ts';
import { type TemporaryRepository, temporaryRepository } from '../support/temporary-repository.ts';

// It takes root and a kernel that makes network namespaces.
describe.skipIf(!canCutNetworks())('a gateway that is cut off, of two,', () => {
  const { run, load, answers, endLoad } = runningThings();
  let network: CuttableNetwork;
  let redis: RedisServer;
  let nothing: TemporaryRepository;

  beforeAll(async () => {
    network = await startCuttableNetwork();
    const [address] = network.addresses;
    redis = await startRedis({ listen: 'tcp', config: [`bind 127.0.0.1 ${address}`, 'protected-mode no'] });
    nothing = temporaryRepository();
  });
  afterAll(async () => {
    nothing?.remove();
    await redis?.[Symbol.asyncDispose]();
    await network?.[Symbol.asyncDispose]();
  });

  /** The first is within the network, the second is not; two workers, of which the second can be cut off. */
  async function start(
    prefix: string,
  ): Promise<{ gateway: GatewayProcess; other: GatewayProcess; far: string }> {
    const [address, near, far] = network.addresses;
    const flags = ['--table-prefix', prefix];
    const options = { table: redis.url, flags };
    await run(startControllerProcess({ ...options, repository: nothing.path }));
    await run(startWorkerByHand('fraud', { ...options, flags: [...flags, '--host', near] }));
    const cuttable = await run(startWorkerByHand('fraud', { ...options, flags: [...flags, '--host', far] }));
    const other = await run(startGateway(options));
    const gateway = await run(
      startGateway({
        table: `redis://${address}:${redis.port}`,
        flags: [...flags, '--host', network.inside],
        within: network.within,
      }),
    );
    await activeWorkers(gateway, 2);
    load({ url: gateway.url });
    await answers(100);
    return { gateway, other, far: cuttable.id_worker };
  }

  it('from one worker sends to the other; the worker stays in traffic for who reaches it', async () => {
    const { gateway, other, far } = await start('cut-worker');
    const [, , address] = network.addresses;
    network.cut(address);
    await eventually('the gateway to notice', () => gateway.output.includes('worker does not answer'));
    await answers(200);
    const seen = (await tableOf(other)).workers.find(({ id_worker }) => id_worker === far);
    expect(seen?.status).toBe('ACTIVE');
    const before = await tableOf(gateway);
    expect(before.workers.find(({ id_worker }) => id_worker === far)?.current_requests).toBe(0);
    network.heal(address);
    await eventually('it to be sent to again', async () => {
      const { workers } = await tableOf(other);
      return (workers.find(({ id_worker }) => id_worker === far)?.current_requests ?? 0) > 0;
    });
    expect((await endLoad()).failures).toEqual([]);
    await allCountsZero(other);
  });

  it('CT3, CT6: from Redis serves on; its share vanishes for the others within 3 s, and is there again after', async () => {
    const { gateway, other } = await start('cut-redis');
    const [address] = network.addresses;
    const known = async () =>
      (await tableOf(other)).gateways.some(({ id_gateway }) => id_gateway === gateway.id_gateway);
    network.cut(address);
    await eventually('the table to be away for it', async () => !(await tableOf(gateway)).table.available);
    await eventually('it to be forgotten by the other', async () => !(await known()), 3_000 + 3_000);
    await allCountsZero(other);
    await answers(200);
    expect((await tableOf(gateway)).workers.map(({ status }) => status)).toEqual(['ACTIVE', 'ACTIVE']);
    expect((await tableOf(other)).workers.map(({ status }) => status)).toEqual(['ACTIVE', 'ACTIVE']);
    network.heal(address);
    await eventually('it to be known again', known);
    await answers(100);
    expect((await endLoad()).failures).toEqual([]);
    await allCountsZero(other);
  });
});
