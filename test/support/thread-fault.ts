/** Loaded before all else with `--import`: a thread that answers for a model called `throw-in-this-thread` throws soon after. */
import { ServerResponse } from 'node:http';
import { isMainThread } from 'node:worker_threads';

const { end } = ServerResponse.prototype;

if (!isMainThread) {
  ServerResponse.prototype.end = function (this: ServerResponse, ...args: unknown[]) {
    if (this.req.url?.includes('throw-in-this-thread')) {
      this.once('close', () => {
        throw new Error('thrown by a test');
      });
    }
    return Reflect.apply(end, this, args);
  } as typeof end;
}
