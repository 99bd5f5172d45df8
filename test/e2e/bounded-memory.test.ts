/** Clients that try to make the gateway hold more than its limits say. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { metric, residentBytes } from '../support/gauges.ts';
import { type Neighbour, startNeighbour } from '../support/neighbour.ts';
import { binaryRequest } from '../support/oip-client.ts';
import { postHead, RawConnection } from '../support/raw-connection.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { type TemporaryRepository, temporaryRepository } from '../support/temporary-repository.ts';

const MIB = 1024 * 1024;
const PATH = '/v2/models/echo/infer';

let repository: TemporaryRepository;
let server: TestServer;
let neighbour: Neighbour;

beforeAll(async () => {
  repository = temporaryRepository('fraud', 'echo');
  const flags = ['--replicas', '1', '--max-buffered-bytes', String(32 * MIB)];
  server = await startServer({ repository: repository.path, flags });
  neighbour = await startNeighbour(server);
});

afterEach(() => neighbour.isServed());

afterAll(async () => {
  await neighbour?.stop();
  await server?.close();
  repository?.remove();
});

const heldBytes = () => metric(server, 'turntable_buffered_request_bytes');

describe('answers', () => {
  // Else every connection could hold as much as it likes, as long as it likes.
  it('that nobody reads are held within the limit on bytes', async () => {
    const columns = 4 * MIB;
    const before = await residentBytes(server);
    const { body, headers } = binaryRequest(
      {
        inputs: [
          { name: 'x', datatype: 'FP32', shape: [1, columns], parameters: { binary_data_size: 4 * columns } },
        ],
        parameters: { binary_data_output: true },
      },
      new Uint8Array(4 * columns),
    );
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    const head = postHead(PATH, `Content-Length: ${body.length}`, ...lines);
    const connections: RawConnection[] = [];
    for (let turn = 0; turn < 12; turn++) {
      const connection = await RawConnection.open(server);
      connection.pause();
      await connection.send(head);
      await connection.send(body);
      connections.push(connection);
      const ended = () => metric(server, 'turntable_requests_total', { model: 'echo' });
      await eventually('the request to end', async () => (await ended()) > turn);
    }
    const grown = (await residentBytes(server)) - before;
    for (const connection of connections) connection.destroy();
    // All of them would be 192 MiB, 32 are allowed, and memory that was used once is not given back at once.
    expect(grown).toBeLessThan(160 * MIB);
  });
});

describe('a body', () => {
  it('of many mebibytes costs about as many', async () => {
    const before = await residentBytes(server);
    const connection = await RawConnection.open(server);
    await connection.send(postHead(PATH, `Content-Length: ${20 * MIB}`));
    for (let sent = 0; sent < 19; sent++) await connection.send(Buffer.alloc(MIB, 32));
    await eventually('all to be held', async () => (await heldBytes()) >= 19 * MIB);
    expect((await residentBytes(server)) - before).toBeLessThan(100 * MIB);
    connection.destroy();
  });

  // A buffer for each would take some hundred bytes for one, and the limits count those that were sent alone.
  it('in chunks of one byte costs about as many as it has bytes, too', async () => {
    const before = await residentBytes(server);
    const connection = await RawConnection.open(server);
    await connection.send(postHead(PATH, 'Transfer-Encoding: chunked'));
    const chunks = '1\r\nx\r\n'.repeat(MIB / 8);
    for (let sent = 0; sent < 8; sent++) await connection.send(chunks);
    await eventually('all to be held', async () => (await heldBytes()) >= MIB, 60_000);
    const grown = (await residentBytes(server)) - before;
    connection.destroy();
    expect(grown).toBeLessThan(100 * MIB);
  });
});
