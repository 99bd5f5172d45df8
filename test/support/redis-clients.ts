/** Redis clients of a test, with all that they told, closed with it. */
import { RedisClient, type RedisClientOptions } from '../../src/table/redis/redis-client.ts';
import { parseRedisUrl } from '../../src/table/redis/redis-target.ts';
import { eventually } from './eventually.ts';

export interface ObservedClient extends Disposable {
  readonly client: RedisClient;
  /** `up`, `down: …` and `failure: …` in the order in which they were told. */
  readonly told: readonly string[];
  /** Resolves when it is up, or has been told to be up so many times. */
  becomesUp(times?: number): Promise<void>;
  /** Resolves when it is down, with the reason. */
  becomesDown(): Promise<string>;
}

export function observedClient(
  url: string,
  options: Partial<Pick<RedisClientOptions, 'name' | 'timeoutMs' | 'homeKey'>> = {},
): ObservedClient {
  const told: string[] = [];
  const client = new RedisClient({
    target: parseRedisUrl(url),
    name: 'a test',
    timeoutMs: 400,
    ...options,
    onUp: () => told.push('up'),
    onDown: (reason) => told.push(`down: ${reason}`),
    onFailure: (reason) => told.push(`failure: ${reason}`),
  });
  const times = () => told.filter((line) => line === 'up').length;
  return {
    client,
    told,
    async becomesUp(least = 1) {
      const isUp = () => client.up && times() >= least;
      await eventually('the client to be up', isUp, 20_000).catch((error) => {
        throw new Error(`${error.message}; it told ${told.join(', ')}`);
      });
    },
    becomesDown() {
      return eventually('the client to be down', () =>
        client.up ? undefined : told.findLast((line) => line !== 'up'),
      );
    },
    [Symbol.dispose]: () => client.close(),
  };
}
