/** What a gateway may hold is divided among its threads; what is of each request or worker is not. */
import { expect, it } from 'vitest';
import { loadConfig } from '../config/load-config.ts';
import { threadShare } from './thread-share.ts';

it('divides what the process may hold, and nothing else', () => {
  const config = loadConfig('gateway', { maxWaiting: 5, maxConnections: 100 }, {});
  const share = threadShare(config, 2);
  expect(share).toEqual({
    ...config,
    maxBufferedBytes: config.maxBufferedBytes / 2,
    maxInFlight: config.maxInFlight / 2,
    maxWaiting: 3,
    maxWaitingBytes: config.maxWaitingBytes / 2,
    maxConnections: 50,
  });
});
