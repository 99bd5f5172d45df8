/** `GET /workers`: the process control table as people and tools read it, with the field names of Table I. */
import type { TableView } from '../table/control-table.ts';
import type { WorkerRow } from '../table/worker-row.ts';

export function workersDocument(view: TableView): object {
  return {
    now: new Date(view.now).toISOString(),
    workers: [...view.workers].sort((a, b) => a.id_worker.localeCompare(b.id_worker)).map(publicRow),
  };
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
    last_activity: new Date(row.last_activity).toISOString(),
    slots: row.slots,
    node: row.node,
    pid: row.pid,
    registered_at: new Date(row.registered_at).toISOString(),
    error_count: row.error_count,
    rss_bytes: row.rss_bytes,
    reason: row.reason,
  };
}
