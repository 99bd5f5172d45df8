/** A gateway: the HTTP front, the dispatcher and the fleet, put together over a table. */
import type { AddressInfo } from 'node:net';
import type { BalancePolicy } from '../balance/candidate.ts';
import type { Channel, ChannelState } from '../channel/channel.ts';
import { TICK_MS } from '../channel/channel.ts';
import type { ControlTable } from '../table/control-table.ts';
import type { WorkerRow } from '../table/worker-row.ts';
import { LogThrottle } from '../telemetry/log-throttle.ts';
import type { Logger } from '../telemetry/logger.ts';
import { Counts, type GatewayCounts, type Siblings } from './counts.ts';
import { Dispatcher } from './dispatcher.ts';
import { DocsPage } from './docs-page.ts';
import { Ejector } from './ejector.ts';
import { Fleet } from './fleet.ts';
import { HttpFront, type HttpLimits } from './http-front.ts';
import { InferContext, type RequestSummary } from './infer-context.ts';
import { InferHandler } from './infer-handler.ts';
import { createMetrics } from './metrics.ts';
import type { RouteLimits } from './model-route.ts';
import { RepositoryCommands } from './repository-commands.ts';
import { RequestIds } from './request-id.ts';

export interface GatewayOptions {
  readonly id_gateway: string;
  readonly node: string;
  readonly pid: number;
  readonly table: ControlTable;
  readonly version: string;
  readonly openChannel: (
    row: WorkerRow,
    onStateChange: (state: ChannelState, reason: string) => void,
  ) => Channel;
  readonly log: Logger;
  readonly maxBodyBytes: number;
  readonly maxBufferedBytes: number;
  readonly maxInFlight: number;
  /** Time that a request has where it does not say so itself, milliseconds. */
  readonly requestTimeoutMs: number;
  /** The most that it may ask for. */
  readonly maxRequestTimeoutMs: number;
  readonly commandTimeoutMs: number;
  readonly policy: BalancePolicy;
  readonly route: RouteLimits;
  readonly ejection: EjectionOptions;
  readonly http: HttpLimits;
  readonly accessLog: boolean;
  /** The other gateways of this process, where there are some. */
  readonly siblings?: Siblings;
}

export interface EjectionOptions {
  readonly ejectAfter: number;
  readonly ejectMs: number;
  readonly maxEjectedPercent: number;
}

/** Failures may come by the thousand when something is wrong; the first few of each second tell what. */
const MAX_FAILURES_LOGGED_PER_S = 20;

export class Gateway {
  readonly #fleet: Fleet;
  readonly #dispatcher: Dispatcher;
  readonly #ejector: Ejector;
  readonly #front: HttpFront;
  readonly #counts: Counts;
  readonly #ticks: NodeJS.Timeout;
  readonly #node: string;
  /** Where it listens; empty until it does. */
  #address = '';
  readonly #failureLog = new LogThrottle(MAX_FAILURES_LOGGED_PER_S);

  constructor(options: GatewayOptions) {
    const { table, log, version, maxInFlight, ejection } = options;
    this.#node = options.node;
    const now = () => performance.now();
    this.#dispatcher = new Dispatcher({
      maxInFlight,
      policy: options.policy,
      random: Math.random,
      hedges: options.route.hedgePercent > 0,
      now,
      onLoadChange: () => this.#fleet.onLoadChange(),
      routes: () => this.#fleet.routes(),
      onOutrun: (route) => this.#ejector.judge(route),
      onBlamed: (link, route) => this.#ejector.blame(link, route),
      findRoute: (id_model, wanted) => this.#fleet.find(id_model, wanted),
    });
    this.#ejector = new Ejector({
      ejectAfter: ejection.ejectAfter,
      maxEjectedPercent: ejection.maxEjectedPercent,
      now,
      onChange: (link) => this.#fleet.onEjectionChange(link),
      onStuck: (link) => this.#dispatcher.rescue(link),
      log,
    });
    this.#fleet = new Fleet({
      id_gateway: options.id_gateway,
      identity: () => ({ node: options.node, pid: options.pid, address: this.#address }),
      table,
      limits: options.route,
      link: { ejectMs: ejection.ejectMs, random: Math.random },
      openChannel: options.openChannel,
      onRouteOpened: (route) => this.#dispatcher.pump(route),
      onRouteGone: (route) => this.#dispatcher.reroute(route),
      log,
    });
    const infer = new InferContext({
      fleet: this.#fleet,
      dispatcher: this.#dispatcher,
      requestIds: new RequestIds(options.id_gateway),
      maxBodyBytes: options.maxBodyBytes,
      maxBufferedBytes: options.maxBufferedBytes,
      requestTimeoutMs: options.requestTimeoutMs,
      maxRequestTimeoutMs: options.maxRequestTimeoutMs,
      receiveTimeoutMs: options.http.receiveTimeoutMs,
      now,
      epoch: () => Date.now(),
      accessLog: options.accessLog,
      onLog: (summary) => this.#logRequest(log, summary),
    });
    const metrics = createMetrics(
      {
        routes: () => this.#fleet.routes(),
        view: () => table.view(),
        bufferedBytes: () => infer.bufferedBytes,
        connections: () => this.#front.connections,
        unknownModel: () => infer.unknownModel,
      },
      version,
    );
    this.#counts = new Counts(metrics, () => this.#fleet.routes(), options.siblings);
    this.#front = new HttpFront({
      fleet: this.#fleet,
      table,
      infer: new InferHandler(infer),
      commands: new RepositoryCommands(table, this.#fleet, options.commandTimeoutMs),
      counts: this.#counts,
      docs: new DocsPage(),
      version,
      limits: options.http,
    });
    this.#ticks = setInterval(() => {
      this.#fleet.tick();
      this.#ejector.tick(this.#fleet.routes());
      this.#dispatcher.tick();
    }, TICK_MS);
  }

  /** @param shared the port is shared with others of this process */
  async listen(port: number, host: string, shared = false): Promise<AddressInfo> {
    const address = await this.#front.listen(port, host, shared);
    // One that listens on all addresses is best found by its machine's name.
    const shown = host === '0.0.0.0' || host === '::' ? this.#node : host;
    this.#address = `http://${shown.includes(':') ? `[${shown}]` : shown}:${address.port}`;
    return address;
  }

  /** What this gateway has counted, without the others of its process. */
  counts(): Promise<GatewayCounts> {
    return this.#counts.own();
  }

  /** Accepts no new connections; to be called on all that share a port before one of them is closed. */
  stopListening(limitMs: number): Promise<void> {
    return this.#front.stopListening(limitMs);
  }

  /** Finishes what is under way, accepting nothing new, and lets go of the workers. */
  async close(limitMs: number): Promise<void> {
    await this.#front.drain(limitMs);
    clearInterval(this.#ticks);
    this.#dispatcher.close();
    await this.#fleet.close();
  }

  #logRequest(log: Logger, summary: RequestSummary): void {
    if (summary.status < 500) {
      log.info(summary, 'request');
      return;
    }
    const admitted = this.#failureLog.admit(performance.now());
    if (admitted) log.warn({ ...summary, ...admitted }, 'request failed');
  }
}
