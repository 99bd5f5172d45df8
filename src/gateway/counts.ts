/** What a gateway has counted, together with the others of its process: threads on one port are seen as one gateway. */
import {
  AggregatorRegistry,
  type MetricObjectWithValues,
  type MetricValue,
  type Registry,
} from 'prom-client';
import type { VersionRoute } from './model-route.ts';
import { countsOf, statisticsDocument, type VersionCounts } from './statistics-document.ts';

type MetricValues = MetricObjectWithValues<MetricValue<string>>;

/** In a form that other threads can be sent. */
export interface GatewayCounts {
  readonly metrics: readonly MetricValues[];
  readonly versions: readonly VersionCounts[];
}

/** The other gateways of this process. */
export interface Siblings {
  /** What each has counted. @throws when one does not say so in time: part of a sum would pass for a counter that was reset */
  counts(): Promise<readonly GatewayCounts[]>;
}

/** Of these all gateways of a process tell the same. */
const SAME_FOR_ALL: ReadonlySet<string> = new Set([
  'turntable_build_info',
  'turntable_workers',
  'turntable_gateways',
  'turntable_controller_acting',
  'turntable_table_outages_total',
  'nodejs_version_info',
]);

export class Counts {
  readonly #registry: Registry;
  readonly #routes: () => Iterable<VersionRoute>;
  readonly #siblings: Siblings | undefined;

  constructor(registry: Registry, routes: () => Iterable<VersionRoute>, siblings: Siblings | undefined) {
    this.#registry = registry;
    this.#routes = routes;
    this.#siblings = siblings;
  }

  /** Of this gateway alone. */
  async own(): Promise<GatewayCounts> {
    return {
      metrics: await this.#registry.getMetricsAsJSON(),
      versions: Array.from(this.#routes(), countsOf),
    };
  }

  get metricsType(): string {
    return this.#registry.contentType;
  }

  /** The metrics of all, in Prometheus' text format. @throws what {@link Siblings.counts} does */
  async metricsText(): Promise<string> {
    if (!this.#siblings) return this.#registry.metrics();
    const [own, others] = await Promise.all([this.own(), this.#siblings.counts()]);
    const all = [own, ...others].map(({ metrics }) => metrics.map(withAggregator));
    return AggregatorRegistry.aggregate(all).metrics();
  }

  /** Triton's statistics of these versions. @throws what {@link Siblings.counts} does */
  async statistics(routes: Iterable<VersionRoute>): Promise<object> {
    const own = Array.from(routes, countsOf);
    const others = (await this.#siblings?.counts()) ?? [];
    return statisticsDocument(
      own,
      others.flatMap(({ versions }) => versions),
    );
  }
}

function withAggregator(metric: MetricValues): MetricValues {
  return { ...metric, aggregator: aggregatorOf(metric.name) };
}

/**
 * What is of the process is not counted once a thread. Each thread's counter of CPU time begins when the thread did:
 * the largest is of the same one every time, so that it never falls.
 */
function aggregatorOf(name: string): 'sum' | 'max' | 'min' {
  if (name === 'turntable_table_up') return 'min';
  if (SAME_FOR_ALL.has(name) || name.startsWith('process_')) return 'max';
  // Of several event loops that one counts which is furthest behind.
  if (name.startsWith('nodejs_eventloop_lag')) return name.endsWith('_min_seconds') ? 'min' : 'max';
  return 'sum';
}
