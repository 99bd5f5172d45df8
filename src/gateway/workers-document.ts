/** `GET /workers`: the process control table as people and tools read it, with the field names of Table I. */
import type { TableView } from '../table/control-table.ts';
import type { ControllerRow, GatewayRow } from '../table/member.ts';
import type { WorkerRow } from '../table/worker-row.ts';

export function workersDocument({ now, health, workers, gateways, controllers }: TableView): object {
  return {
    now: timestamp(now),
    table: { available: health.available, since: timestamp(health.since), reason: health.reason },
    workers: sorted(workers, (row) => row.id_worker).map(publicRow),
    gateways: sorted(gateways, (row) => row.id_gateway).map(publicGateway),
    controllers: sorted(controllers, (row) => row.id_controller).map(publicController),
  };
}

function sorted<Row>(rows: readonly Row[], id: (row: Row) => string): Row[] {
  return [...rows].sort((a, b) => id(a).localeCompare(id(b)));
}

function timestamp(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

function publicGateway({ id_gateway, node, pid, address, last_activity }: GatewayRow): object {
  return { id_gateway, node, pid, address, last_activity: timestamp(last_activity) };
}

function publicController({ id_controller, node, pid, acting, last_activity }: ControllerRow): object {
  return { id_controller, node, pid, acting, last_activity: timestamp(last_activity) };
}

function publicRow(row: WorkerRow): object {
  return {
    id_worker: row.id_worker,
    id_model: row.id_model,
    version: row.version,
    status: row.status,
    endpoint: row.endpoint,
    current_requests: row.current_requests,
    avg_latency_ms: Math.round(row.avg_latency_ms * 1000) / 1000,
    last_activity: timestamp(row.last_activity),
    slots: row.slots,
    weight: row.weight,
    node: row.node,
    pid: row.pid,
    supervised: row.supervised,
    revision: row.revision,
    registered_at: timestamp(row.registered_at),
    error_count: row.error_count,
    rss_bytes: row.rss_bytes,
    reason: row.reason,
  };
}
