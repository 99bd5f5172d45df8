/** How connections end when a server stops: first none is let in any more, then those that are there are told to go. */
import { createServer } from 'node:http';
import { expect, it } from 'vitest';
import { RawConnection } from '../../test/support/raw-connection.ts';
import { Connections } from './connections.ts';
import type { FastFrontOptions } from './fast/fast-context.ts';
import { FastFront } from './fast/fast-front.ts';
import { assertFree, ListeningSockets } from './listening-sockets.ts';

const HOST = '127.0.0.1';
const GET = 'GET / HTTP/1.1\r\nhost: h\r\n\r\n';
const LIMIT_MS = 5_000;

/** A server without a fast path. */
async function start() {
  const server = createServer((req, res) => {
    connections.onRequest(req, res);
    res.end('answer');
  });
  const sockets = new ListeningSockets(server);
  // It gets no connection, and needs nothing to take one.
  const fast = new FastFront({ now: () => 0, limits: { keepAliveMs: 1_000 } } as FastFrontOptions);
  const connections = new Connections(server, sockets, fast);
  const { port } = await sockets.listen(0, HOST, false);
  return { connections, port, url: `http://${HOST}:${port}` };
}

it('lets nobody in once it has stopped listening, and goes on with those that are there', async () => {
  const { connections, port, url } = await start();
  const client = await RawConnection.open({ url });
  await connections.stopListening(LIMIT_MS);
  await expect(assertFree(port, HOST)).resolves.toBeUndefined();
  for (const turn of [0, 1]) {
    await client.send(GET);
    const { status, head } = await client.answer(turn);
    expect(status).toBe(200);
    expect(head.toLowerCase()).toContain('connection: keep-alive');
  }
  expect(connections.draining).toBe(false);

  const drained = connections.drain(LIMIT_MS);
  await client.send(GET);
  expect((await client.answer(2)).head.toLowerCase()).toContain('connection: close');
  await drained;
  expect(connections.size).toBe(0);
});

it('drains by itself, and as often as it is told to', async () => {
  const { connections, port, url } = await start();
  const client = await RawConnection.open({ url });
  const drained = Promise.all([connections.stopListening(LIMIT_MS), connections.drain(LIMIT_MS)]);
  await client.send(GET);
  expect((await client.answer(0)).status).toBe(200);
  await drained;
  await expect(assertFree(port, HOST)).resolves.toBeUndefined();
});
