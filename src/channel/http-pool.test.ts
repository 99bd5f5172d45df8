/** Connections to a server: the last one given back goes first, and those that ended are not kept. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Client } from 'undici';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventually } from '../../test/support/eventually.ts';
import { parseHttpEndpoint } from './endpoint.ts';
import { HttpPool } from './http-pool.ts';

let server: Server;
let pool: HttpPool;

beforeEach(async () => {
  server = createServer((_, res) => res.end('answer'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  pool = new HttpPool(parseHttpEndpoint(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 'm'));
});

afterEach(() => {
  pool.close();
  server.close();
  server.closeAllConnections();
});

async function answered(client: Client): Promise<Client> {
  const { body } = await client.request({ path: '/', method: 'POST' });
  expect(await body.text()).toBe('answer');
  return client;
}

it('gives out what came back last, and another when all are in use', async () => {
  const [first, second] = [await answered(pool.take()), await answered(pool.take())];
  expect(second).not.toBe(first);
  pool.giveBack(first);
  pool.giveBack(second);
  expect(pool.take()).toBe(second);
  expect(pool.take()).toBe(first);
  expect([first, second]).not.toContain(pool.take());
});

it('keeps none whose connection ended while it was idle', async () => {
  const client = await answered(pool.take());
  const ended = once(client, 'disconnect');
  pool.giveBack(client);
  server.closeAllConnections();
  await ended;
  expect(pool.take()).not.toBe(client);
});

it('has a client that was in use when its connection ended connect again', async () => {
  const client = await answered(pool.take());
  const ended = once(client, 'disconnect');
  server.closeAllConnections();
  await ended;
  pool.giveBack(await answered(client));
  expect(pool.take()).toBe(client);
});

it('ends the connection of what is dropped', async () => {
  const client = await answered(pool.take());
  pool.drop(client);
  await eventually(
    'no connection',
    () => new Promise((resolve) => server.getConnections((_, n) => resolve(n === 0))),
  );
});
