/** `turntable workers`: the process control table of a running server. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from './server-client.ts';
import { textTable } from './text-table.ts';

interface Member {
  readonly node: string;
  readonly pid: number;
  readonly last_activity: string;
}

interface WorkersDocument {
  readonly now: string;
  readonly table: { readonly available: boolean; readonly since: string; readonly reason: string };
  readonly gateways: readonly (Member & { readonly id_gateway: string; readonly address: string })[];
  readonly controllers: readonly (Member & { readonly id_controller: string; readonly acting: boolean })[];
  readonly workers: readonly {
    readonly id_worker: string;
    readonly id_model: string;
    readonly version: string;
    readonly status: string;
    readonly endpoint: string;
    readonly current_requests: number;
    readonly avg_latency_ms: number;
    readonly last_activity: string;
    readonly reason: string;
  }[];
}

const WATCH_MS = 1_000;
/** Cursor home, and everything below it cleared. */
const CLEAR = '\x1b[H\x1b[2J';

export async function listWorkers(options: {
  server: string;
  json?: boolean;
  watch?: boolean;
}): Promise<void> {
  do {
    const text = await ask(options.server, '/workers');
    if (options.watch && !options.json && process.stdout.isTTY) process.stdout.write(CLEAR);
    process.stdout.write(`${options.json ? text : render(JSON.parse(text) as WorkersDocument)}\n`);
    if (options.watch) await sleep(WATCH_MS);
  } while (options.watch);
}

function render(document: WorkersDocument): string {
  const { now, table } = document;
  const parts = [workersTable(document), gatewaysTable(document), controllersTable(document)];
  if (!table.available) {
    const sinceS = (Date.parse(now) - Date.parse(table.since)) / 1000;
    parts.push(
      `The table is away since ${table.since} (${sinceS.toFixed(0)} s): ${table.reason}\n` +
        'This is what the gateway saw of it last.',
    );
  }
  return parts.join('\n\n');
}

function workersTable({ now, workers }: WorkersDocument): string {
  const heading = [
    'ID_WORKER',
    'ID_MODEL',
    'VERSION',
    'STATUS',
    'CURRENT_REQUESTS',
    'AVG_LATENCY_MS',
    'LAST_ACTIVITY',
    'ENDPOINT',
    'REASON',
  ];
  const rows = workers.map((row) => [
    row.id_worker,
    row.id_model,
    row.version,
    row.status,
    String(row.current_requests),
    row.avg_latency_ms.toFixed(2),
    ago(now, row),
    row.endpoint,
    row.reason,
  ]);
  return textTable([heading, ...rows]);
}

function gatewaysTable({ now, gateways }: WorkersDocument): string {
  const heading = ['ID_GATEWAY', 'ADDRESS', 'NODE', 'PID', 'LAST_ACTIVITY'];
  const rows = gateways.map((row) => [row.id_gateway, row.address, row.node, String(row.pid), ago(now, row)]);
  return textTable([heading, ...rows]);
}

function controllersTable({ now, controllers }: WorkersDocument): string {
  const heading = ['ID_CONTROLLER', 'STANDING', 'NODE', 'PID', 'LAST_ACTIVITY'];
  const rows = controllers.map((row) => [
    row.id_controller,
    row.acting ? 'acts' : 'stands by',
    row.node,
    String(row.pid),
    ago(now, row),
  ]);
  return textTable([heading, ...rows]);
}

/** By the server's clock on both sides (promise CT7). */
function ago(now: string, { last_activity }: { readonly last_activity: string }): string {
  return `${((Date.parse(now) - Date.parse(last_activity)) / 1000).toFixed(1)} s ago`;
}
