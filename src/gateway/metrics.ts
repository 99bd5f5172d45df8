/** The gateway's Prometheus metrics, read from what the data path has counted when they are asked for. */
import { Counter, collectDefaultMetrics, Gauge, type Metric, Registry } from 'prom-client';
import type { TableView } from '../table/control-table.ts';
import { WORKER_STATUSES } from '../table/worker-row.ts';
import type { Histogram } from '../telemetry/histogram.ts';
import type { VersionRoute } from './model-route.ts';
import { REFUSALS } from './version-statistics.ts';

export interface MetricsSource {
  routes(): Iterable<VersionRoute>;
  view(): TableView;
  bufferedBytes(): number;
  /** Open connections of clients, by what reads them. */
  connections(): Readonly<Record<'fast' | 'standard', number>>;
  /** Requests for models that are not served. */
  unknownModel(): number;
}

const MODEL_LABELS = ['model', 'version'] as const;

export function createMetrics(source: MetricsSource, version: string): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];

  new Gauge({
    name: 'turntable_build_info',
    help: 'Always 1; the version of Turntable is its label.',
    labelNames: ['version'],
    registers,
  }).set({ version }, 1);

  new Counter({
    name: 'turntable_requests_total',
    help: 'Inference requests that ended, by HTTP status; 499 is a client that left. An unknown model is the empty label.',
    labelNames: [...MODEL_LABELS, 'status'],
    registers,
    collect() {
      this.reset();
      for (const { id_model, version, statistics } of source.routes()) {
        for (const [status, count] of statistics.byStatus)
          this.inc({ model: id_model, version, status }, count);
      }
      const unknown = source.unknownModel();
      if (unknown > 0) this.inc({ model: '', version: '', status: 404 }, unknown);
    },
  });

  histogram(
    registry,
    'turntable_request_duration_seconds',
    'Time from the head of an inference request to its answer, of those answered with 200.',
    source,
    (route) => route.statistics.durationSeconds,
  );
  histogram(
    registry,
    'turntable_queue_duration_seconds',
    'Time that a request waited, in the gateway for a worker and in the worker for a run, of those answered with 200.',
    source,
    (route) => route.statistics.queueSeconds,
  );
  histogram(
    registry,
    'turntable_batch_rows',
    'Rows of the run that a request took part in; one observation a request.',
    source,
    (route) => route.statistics.batchRows,
  );

  new Gauge({
    name: 'turntable_requests_in_flight',
    help: 'Inference requests accepted and not answered yet.',
    labelNames: MODEL_LABELS,
    registers,
    collect() {
      this.reset();
      for (const { id_model, version, statistics } of source.routes()) {
        this.set({ model: id_model, version }, statistics.inFlight);
      }
    },
  });

  new Gauge({
    name: 'turntable_requests_waiting',
    help: 'Inference requests that wait in the gateway for a worker with a free slot.',
    labelNames: MODEL_LABELS,
    registers,
    collect() {
      this.reset();
      for (const { id_model, version, waiting } of source.routes())
        this.set({ model: id_model, version }, waiting.size);
    },
  });

  new Gauge({
    name: 'turntable_workers',
    help: 'Workers in the process control table, by status.',
    labelNames: [...MODEL_LABELS, 'status'],
    registers,
    collect() {
      this.reset();
      const { workers } = source.view();
      for (const { id_model, version } of source.routes()) {
        for (const status of WORKER_STATUSES) this.set({ model: id_model, version, status }, 0);
      }
      for (const { id_model, version, status } of workers) this.inc({ model: id_model, version, status });
    },
  });

  new Counter({
    name: 'turntable_retries_total',
    help: 'Requests sent again because a worker was lost over them, failed them, or did not answer.',
    labelNames: MODEL_LABELS,
    registers,
    collect() {
      this.reset();
      for (const { id_model, version, statistics } of source.routes()) {
        this.inc({ model: id_model, version }, statistics.retries);
      }
    },
  });

  new Counter({
    name: 'turntable_refused_total',
    help: 'Requests refused or given up without an answer of a worker, by why.',
    labelNames: [...MODEL_LABELS, 'reason'],
    registers,
    collect() {
      this.reset();
      for (const { id_model, version, statistics } of source.routes()) {
        for (const reason of REFUSALS) {
          this.inc({ model: id_model, version, reason }, statistics.refusals.get(reason) ?? 0);
        }
      }
    },
  });

  new Counter({
    name: 'turntable_hedges_total',
    help: 'Requests sent to a second worker because the first was slow.',
    labelNames: MODEL_LABELS,
    registers,
    collect() {
      this.reset();
      for (const { id_model, version, statistics } of source.routes()) {
        this.inc({ model: id_model, version }, statistics.hedges);
      }
    },
  });

  new Counter({
    name: 'turntable_ejections_total',
    help: 'Times that this gateway left a worker alone because it failed, stalled or was slow beside its peers.',
    labelNames: MODEL_LABELS,
    registers,
    collect() {
      this.reset();
      for (const { id_model, version, statistics } of source.routes()) {
        this.inc({ model: id_model, version }, statistics.ejections);
      }
    },
  });

  new Gauge({
    name: 'turntable_worker_slots',
    help: 'Requests that this gateway would have at once at the workers that it sends to, all together.',
    labelNames: MODEL_LABELS,
    registers,
    collect() {
      this.reset();
      for (const { id_model, version, usable } of source.routes()) {
        this.set(
          { model: id_model, version },
          usable.reduce((sum, { slots }) => sum + slots, 0),
        );
      }
    },
  });

  new Gauge({
    name: 'turntable_buffered_request_bytes',
    help: 'Bytes of request bodies that the gateway holds.',
    registers,
    collect() {
      this.set(source.bufferedBytes());
    },
  });

  new Gauge({
    name: 'turntable_connections',
    help: 'Open connections of clients, by the parser that reads them: fast, for ordinary inference alone, or standard.',
    labelNames: ['parser'],
    registers,
    collect() {
      const { fast, standard } = source.connections();
      this.set({ parser: 'fast' }, fast);
      this.set({ parser: 'standard' }, standard);
    },
  });

  new Gauge({
    name: 'turntable_table_up',
    help: 'Whether this gateway reaches the process control table: 1, or 0 while it goes on by its last view.',
    registers,
    collect() {
      this.set(source.view().health.available ? 1 : 0);
    },
  });

  new Counter({
    name: 'turntable_table_outages_total',
    help: 'Times that the process control table went away from this gateway.',
    registers,
    collect() {
      this.reset();
      this.inc(source.view().health.outages);
    },
  });

  new Gauge({
    name: 'turntable_gateways',
    help: 'Gateways in the process control table, this one included.',
    registers,
    collect() {
      this.set(source.view().gateways.length);
    },
  });

  new Gauge({
    name: 'turntable_controller_acting',
    help: 'Whether some controller acts: 1, or 0 while workers are neither watched nor replaced.',
    registers,
    collect() {
      this.set(source.view().controllers.some(({ acting }) => acting) ? 1 : 0);
    },
  });
  return registry;
}

/**
 * Registers a histogram whose buckets were filled elsewhere. The library's own would look its labels up on every
 * observation, which costs more than all else that is counted on the data path.
 */
function histogram(
  registry: Registry,
  name: string,
  help: string,
  source: MetricsSource,
  read: (route: VersionRoute) => Histogram,
): void {
  const metric = {
    name,
    help,
    type: 'histogram',
    aggregator: 'sum',
    reset: () => {},
    async get() {
      const values = [];
      for (const route of source.routes()) {
        const labels = { model: route.id_model, version: route.version };
        const { bounds, counts, sum } = read(route);
        let count = 0;
        for (const [i, bound] of [...bounds, '+Inf'].entries()) {
          count += counts[i] as number;
          values.push({ metricName: `${name}_bucket`, labels: { ...labels, le: bound }, value: count });
        }
        values.push({ metricName: `${name}_sum`, labels, value: sum });
        values.push({ metricName: `${name}_count`, labels, value: count });
      }
      return { name, help, type: 'histogram', values, aggregator: 'sum' };
    },
  };
  registry.registerMetric(metric as unknown as Metric);
}
