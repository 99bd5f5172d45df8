/** One command to a Redis server, on a connection of its own. */
import type { ConnectionOptions } from 'node:tls';
import { Redis } from 'ioredis';

export interface RedisPlace {
  readonly port?: number;
  readonly path?: string;
  readonly username?: string;
  readonly password?: string;
  readonly tls?: ConnectionOptions;
}

/** @throws what the server or the system says */
export async function redisCommand(
  where: RedisPlace,
  command: string,
  ...args: (string | number)[]
): Promise<unknown> {
  const connection = new Redis({
    ...where,
    protocol: 2,
    lazyConnect: true,
    retryStrategy: null,
    enableReadyCheck: false,
    commandTimeout: 5_000,
  });
  let failure: unknown;
  connection.on('error', (error) => {
    failure = error;
  });
  try {
    await connection.connect().catch((error) => {
      throw failure ?? error;
    });
    return await connection.call(command, args);
  } finally {
    connection.disconnect();
  }
}
