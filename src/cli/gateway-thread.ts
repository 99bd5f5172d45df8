/** Entry of a thread that is a gateway: on a port that it shares with others, over the table of the thread that started it. */
import { isMainThread, workerData } from 'node:worker_threads';
import { PortCalls } from '../port-calls.ts';
import { ThreadControlTable } from '../table/thread/thread-control-table.ts';
import { createLogger } from '../telemetry/logger.ts';
import { createGateway } from './create-gateway.ts';
import type { GatewayThreadOperations, GatewayThreadStart, MainOperations } from './gateway-thread-calls.ts';

async function run({ id_gateway, config, tablePort, mainPort }: GatewayThreadStart): Promise<void> {
  const log = createLogger().child({ id_gateway });
  const opening = ThreadControlTable.open(tablePort, () => performance.now());
  const gateway = opening.then((table) =>
    createGateway({
      ...{ id_gateway, config, table, log },
      siblings: { counts: () => main.call('countsOfOthers') },
    }),
  );
  const operations: GatewayThreadOperations = {
    listen: async (port, host) => (await (await gateway).listen(port, host, true)).port,
    counts: async () => (await gateway).counts(),
    stopListening: async (limitMs) => (await gateway).stopListening(limitMs),
    close: async (limitMs) => {
      await (await gateway).close(limitMs);
      await (await opening).close();
    },
  };
  const main = new PortCalls<MainOperations>(mainPort, operations);
  await gateway;
}

if (!isMainThread) await run(workerData as GatewayThreadStart);
