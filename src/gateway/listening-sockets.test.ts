/** Bursts of connections, counted in turns of the event loop and not in time. */
import { connect, createServer, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { eventually } from '../../test/support/eventually.ts';
import { freePort } from '../../test/support/free-port.ts';
import { assertFree, ListeningSockets } from './listening-sockets.ts';

const HOST = '127.0.0.1';
const BURST = 64;
const CLIENTS = `
  const { connect } = require('node:net');
  const { port, host, count, connected } = require('node:worker_threads').workerData;
  for (let n = 0; n < count; n++) {
    connect(port, host, () => {
      Atomics.add(connected, 0, 1);
      Atomics.notify(connected, 0);
    }).on('error', () => {});
  }`;

/** Connects again and again, and counts how often somebody listened. */
const KNOCKER = `
  const { connect } = require('node:net');
  const { port, host, knocks } = require('node:worker_threads').workerData;
  const knock = () => {
    const socket = connect(port, host, () => Atomics.add(knocks, 1, 1));
    socket.on('error', () => {}).on('close', () => {
      Atomics.add(knocks, 0, 1);
      Atomics.notify(knocks, 0);
      knock();
    });
  };
  for (let n = 0; n < 8; n++) knock();`;

describe('assertFree', () => {
  it('connects nobody who comes meanwhile: the one that listens later could not answer them', async () => {
    const port = await freePort();
    const knocks = new Int32Array(new SharedArrayBuffer(8));
    const knocker = new Worker(KNOCKER, { eval: true, workerData: { port, host: HOST, knocks } });
    while (Atomics.load(knocks, 0) === 0) await nextTurn();
    for (let n = 0; n < 3_000; n++) await assertFree(port, HOST);
    const before = Atomics.load(knocks, 0);
    await eventually('the last to be seen', () => Atomics.load(knocks, 0) > before + 8);
    await knocker.terminate();
    expect(Atomics.load(knocks, 1)).toBe(0);
  });
});

describe('ListeningSockets', () => {
  it.runIf(process.platform === 'linux')(
    'accepts several connections in a turn of the event loop',
    async () => {
      const accepted: Socket[] = [];
      const server = createServer((socket) => accepted.push(socket.on('error', () => {})));
      const sockets = new ListeningSockets(server);
      const { port } = await sockets.listen(0, HOST, false);
      const connected = new Int32Array(new SharedArrayBuffer(4));
      const workerData = { port, host: HOST, count: BURST, connected };
      const clients = new Worker(CLIENTS, { eval: true, workerData });
      // The kernel connects them while this thread does nothing.
      for (let seen = 0; seen < BURST; seen = Atomics.load(connected, 0)) Atomics.wait(connected, 0, seen);
      expect(accepted).toEqual([]);
      let turns = 0;
      for (; accepted.length < BURST; turns++) await nextTurn();
      expect(turns).toBeLessThan(BURST / 2);
      await clients.terminate();
      for (const socket of accepted) socket.destroy();
      await sockets.close();
    },
  );

  it('hands every connection to the server, and closes once all have ended', async () => {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => {}).resume();
      socket.end('hello');
    });
    const sockets = new ListeningSockets(server);
    const { port } = await sockets.listen(0, HOST, false);
    const answers = await Promise.all(
      Array.from({ length: BURST }, async () => {
        let text = '';
        for await (const chunk of connect(port, HOST)) text += chunk;
        return text;
      }),
    );
    expect(answers).toEqual(Array.from({ length: BURST }, () => 'hello'));
    await sockets.close();
    await expect(assertFree(port, HOST)).resolves.toBeUndefined();
  });

  it('does not share a port with another server', async () => {
    const first = new ListeningSockets(createServer());
    const { port } = await first.listen(0, HOST, false);
    const second = new ListeningSockets(createServer());
    await expect(second.listen(port, HOST, false)).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await first.close();
  });
});
