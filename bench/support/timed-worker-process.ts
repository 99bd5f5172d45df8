/** A worker process that serves one request at a time for a set time and no CPU, and fails in the ways it is told to. */
import { startChannelWorker } from '../../test/support/channel-worker.ts';
import { type Behaviour, TimedService } from '../../test/support/timed-service.ts';
import { openBenchTable } from '../table/bench-table.ts';
import { gaussian } from './random.ts';

export type ServiceKind = 'constant' | 'lognormal';

export interface TimedWorkerSettings {
  readonly table: string;
  readonly prefix: string;
  readonly id_worker: string;
  readonly slots: number;
  /** Requests that it holds; beyond that it answers busy. */
  readonly maxRequests: number;
  /** On average. */
  readonly serviceMs: number;
  readonly service: ServiceKind;
  readonly port?: number;
  /** Where gateways connect instead. */
  readonly advertisedPort?: number;
}

export type TimedWorkerCommand = { readonly behave: Behaviour } | 'report';

/** The answer to each command; the first comes by itself once the worker is ACTIVE. */
export interface TimedWorkerReport {
  /** When requests came since the last report, on the clock that all processes share: milliseconds of the epoch. */
  readonly arrivals: readonly number[];
}

const settings = JSON.parse(process.argv[2] ?? '{}') as TimedWorkerSettings;
let arrivals: number[] = [];
const report = () => {
  process.send?.({ arrivals } satisfies TimedWorkerReport);
  arrivals = [];
};

const service = new TimedService(() => {
  // The logarithm has deviation 1: the deviation of the time is 1.3 times its mean.
  const factor = settings.service === 'constant' ? 1 : Math.exp(gaussian(Math.random) - 0.5);
  return settings.serviceMs * factor;
});
const table = await openBenchTable(settings.table, settings.prefix);
const { id_worker, slots, maxRequests, port, advertisedPort } = settings;
const worker = await startChannelWorker({
  ...{ table, id_worker, slots, maxRequests },
  ...(port === undefined ? {} : { port }),
  ...(advertisedPort === undefined ? {} : { advertisedPort }),
  onRequest: (request) => {
    arrivals.push(performance.timeOrigin + performance.now());
    service.accept(request);
  },
});

process.on('message', (command: TimedWorkerCommand) => {
  if (command !== 'report') service.behaviour = command.behave;
  report();
});
process.on('SIGTERM', async () => {
  service.release();
  await worker[Symbol.asyncDispose]();
  await table.close();
  process.exit(0);
});
// Whoever told it what to do is gone.
process.on('disconnect', () => process.exit(0));
report();
