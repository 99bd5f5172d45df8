/**
 * A process that answers as many workers would, on the real channel, and has nothing to do.
 *
 * usage: node idle-workers.ts DIRECTORY FROM COUNT; sends `ready` to its parent once all of them listen.
 */
import { ChannelServer } from '../../src/channel/channel-server.ts';
import { idleWorkerId, idleWorkerPath } from './idle-worker.ts';

const [directory = '', from = '0', count = '0'] = process.argv.slice(2);

process.on('disconnect', () => process.exit(0));
for (let index = Number(from); index < Number(from) + Number(count); index++) {
  const server = new ChannelServer({
    ...{
      id_worker: idleWorkerId(index),
      maxRequests: 1,
      maxBodyBytes: 1_000_000,
      maxBufferedBytes: 1_000_000,
    },
    onRequest: (request) => request.fail({ code: 'INTERNAL', message: 'this worker serves nothing' }),
    log: () => {},
  });
  await server.listen({ path: idleWorkerPath(directory, index) });
}
process.send?.('ready');
