/** The one schema of what a server may be told, by flag or by environment. */
import { z } from 'zod';

const MIB = 1024 * 1024;

const count = (least: number, most: number) => z.coerce.number().int().min(least).max(most);
const milliseconds = (least: number) => count(least, 24 * 3600 * 1000);

export const serverConfigSchema = z.object({
  /** The model repository. */
  repository: z.string().min(1),
  /** 0 takes any free port. */
  port: count(0, 65_535).default(8080),
  /** Not open to the network unless asked for: there is no authentication yet. */
  host: z.string().min(1).default('127.0.0.1'),
  /** Workers of each model version that does not say otherwise. */
  replicas: count(1, 256).default(2),
  maxBodyBytes: count(1024, 1024 * MIB).default(64 * MIB),
  maxBufferedBytes: count(1024, 64 * 1024 * MIB).default(1024 * MIB),
  maxInFlight: count(1, 1_000_000).default(20_000),
  maxWaiting: count(0, 1_000_000).default(10_000),
  maxWaitMs: milliseconds(0).default(10_000),
  requestTimeoutMs: milliseconds(1).default(60_000),
  receiveTimeoutMs: milliseconds(100).default(60_000),
  headersTimeoutMs: milliseconds(100).default(10_000),
  keepAliveMs: milliseconds(0).default(75_000),
  maxConnections: count(1, 1_000_000).default(16_384),
  heartbeatMs: milliseconds(50).default(1_000),
  /** A worker without a heartbeat for this long is in ERROR. */
  silentMs: milliseconds(100).default(3_000),
  /** A worker in ERROR for this long is killed and replaced. */
  errorGraceMs: milliseconds(100).default(30_000),
  startTimeoutMs: milliseconds(1_000).default(300_000),
  drainMs: milliseconds(0).default(30_000),
  accessLog: z.stringbool().or(z.boolean()).default(false),
});

export type ServerConfig = z.infer<typeof serverConfigSchema>;
