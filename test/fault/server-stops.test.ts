/** The server is asked to stop, or is killed: nothing under way is lost in the first case, nothing is left behind in either. */
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startLoad } from '../support/load.ts';
import { startServer } from '../support/server.ts';
import { isAlive, workersOf } from '../support/workers.ts';

describe('a server', () => {
  it('asked to stop with SIGTERM answers what is under way, exits with 0 and leaves no worker', async () => {
    const server = await startServer();
    const workers = await workersOf(server.url);
    const load = startLoad({ url: server.url });
    await eventually('some answers', () => load.answered > 50);
    process.kill(server.pid, 'SIGTERM');
    expect(await server.exited).toEqual({ code: 0, signal: null });
    const { failures } = await load.stop();
    // Once it no longer listens, new connections are refused; none is cut off in the middle.
    expect(failures.filter((failure) => !failure.includes('ECONNREFUSED'))).toEqual([]);
    expect(workers.filter(({ pid }) => isAlive(pid))).toEqual([]);
  });

  it('killed with kill -9 leaves no worker behind', async () => {
    const server = await startServer();
    const workers = await workersOf(server.url);
    expect(workers).toHaveLength(4);
    process.kill(server.pid, 'SIGKILL');
    await eventually('its workers to end', () => workers.every(({ pid }) => !isAlive(pid)));
  });
});
