/** Puts a gateway together. */
import { hostname } from 'node:os';
import { POLICIES, type PolicyName } from '../balance/policies.ts';
import { openChannel } from '../channel/open-channel.ts';
import type { Siblings } from '../gateway/counts.ts';
import { Gateway } from '../gateway/gateway.ts';
import { COMMAND_TIMEOUT_MS } from '../table/model-record.ts';
import { PACKAGE_VERSION } from './package-version.ts';
import type { GatewayStart } from './running-gateway.ts';

const STALLED_MARGIN_MS = 30_000;

/** @param options with the other gateways of this process, where there are some */
export function createGateway({
  id_gateway,
  config,
  table,
  log,
  siblings,
}: GatewayStart & { readonly siblings?: Siblings }): Gateway {
  return new Gateway({
    id_gateway,
    node: hostname(),
    pid: process.pid,
    table,
    version: PACKAGE_VERSION,
    openChannel: (row, onStateChange) =>
      openChannel({
        endpoint: row.endpoint,
        id_worker: row.id_worker,
        id_model: row.id_model,
        name: id_gateway,
        now: () => performance.now(),
        onStateChange,
      }),
    log,
    maxBodyBytes: config.maxBodyBytes,
    maxBufferedBytes: config.maxBufferedBytes,
    maxInFlight: config.maxInFlight,
    requestTimeoutMs: config.requestTimeoutMs,
    maxRequestTimeoutMs: Math.max(config.maxRequestTimeoutMs, config.requestTimeoutMs),
    commandTimeoutMs: COMMAND_TIMEOUT_MS,
    // One of the choices that the setting allows.
    policy: POLICIES[config.balance as PolicyName],
    route: {
      waiting: {
        maxItems: config.maxWaiting,
        maxBytes: config.maxWaitingBytes,
        maxAgeMs: config.maxWaitMs,
      },
      retryPercent: config.retryPercent,
      hedgePercent: config.hedgePercent,
    },
    ejection: {
      ejectAfter: config.ejectAfter,
      ejectMs: config.ejectMs,
      maxEjectedPercent: config.maxEjectedPercent,
    },
    http: {
      headersTimeoutMs: config.headersTimeoutMs,
      receiveTimeoutMs: config.receiveTimeoutMs,
      keepAliveMs: config.keepAliveMs,
      maxConnections: config.maxConnections,
      // Longer than any request may take, so that waiting for its answer is not taken for it.
      stalledMs:
        Math.max(config.requestTimeoutMs, config.maxRequestTimeoutMs, COMMAND_TIMEOUT_MS) + STALLED_MARGIN_MS,
    },
    accessLog: config.accessLog,
    ...(siblings ? { siblings } : {}),
  });
}
