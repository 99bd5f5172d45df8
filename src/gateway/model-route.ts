/** What the gateway keeps of each model: its versions, the workers of each, and the requests that wait for one. */
import { ExpiringQueue } from '../admission/expiring-queue.ts';
import type { ModelRecord } from '../table/model-record.ts';
import type { Exchange } from './exchange.ts';
import type { VersionStatistics } from './version-statistics.ts';
import type { WorkerLink } from './worker-link.ts';

export interface WaitingLimits {
  /** Requests that may wait for one model version. */
  readonly maxWaiting: number;
  /** How long one may wait for a worker, milliseconds. */
  readonly maxWaitMs: number;
}

/** An inference request on its way to a version of a model. */
export type RoutedExchange = Exchange<VersionRoute>;

/** One version of one model. */
export class VersionRoute {
  readonly id_model: string;
  readonly version: string;
  readonly statistics: VersionStatistics;
  readonly waiting: ExpiringQueue<RoutedExchange>;
  readonly links = new Set<WorkerLink>();
  /** The links that may be sent new requests; replaced as a whole when that changes. */
  usable: readonly WorkerLink[] = [];
  record: ModelRecord;

  constructor(record: ModelRecord, statistics: VersionStatistics, limits: WaitingLimits) {
    this.id_model = record.id_model;
    this.version = record.version;
    this.record = record;
    this.statistics = statistics;
    this.waiting = new ExpiringQueue(limits.maxWaiting, limits.maxWaitMs, (exchange) => exchange.waiting);
  }

  get ready(): boolean {
    return this.usable.length > 0;
  }

  refreshUsable(): void {
    const before = this.usable;
    this.usable = [...this.links].filter((link) => link.usable);
    let most = 0;
    for (const { sent } of before) most = Math.max(most, sent);
    for (const link of this.usable) {
      // Who comes, or comes back, begins with the others: it is not to make up for when it was not there. The
      // fraction has each gateway begin with another worker.
      if (!before.includes(link)) link.sent = most + Math.random();
    }
  }
}

/** All versions of one model. */
export class ModelRoute {
  readonly id_model: string;
  readonly versions = new Map<string, VersionRoute>();

  constructor(id_model: string) {
    this.id_model = id_model;
  }

  /**
   * The version for a request that names none: the highest that can be served now, else the highest that is
   * expected to be, else the highest there is.
   */
  default: VersionRoute | undefined;

  /** To be called when versions come or go, or become ready or cease to be. */
  refreshDefault(): void {
    const versions = [...this.versions.values()].sort(byVersionDescending);
    this.default =
      versions.find((route) => route.ready) ??
      versions.find((route) => route.record.state === 'READY' || route.record.state === 'LOADING') ??
      versions[0];
  }
}

function byVersionDescending(a: VersionRoute, b: VersionRoute): number {
  return Number(b.version) - Number(a.version);
}
