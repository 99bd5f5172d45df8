/** `turntable workers`: the process control table of a running server. */
import { setTimeout as sleep } from 'node:timers/promises';
import { ask } from './server-client.ts';
import { textTable } from './text-table.ts';

interface WorkersDocument {
  readonly now: string;
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

function render({ now, workers }: WorkersDocument): string {
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
    // By the server's clock on both sides (promise CT7).
    `${((Date.parse(now) - Date.parse(row.last_activity)) / 1000).toFixed(1)} s ago`,
    row.endpoint,
    row.reason,
  ]);
  return textTable([heading, ...rows]);
}
