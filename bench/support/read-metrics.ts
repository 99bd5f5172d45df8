/** What a gateway tells of itself, read as a monitor reads it. */
import type { WorkerRow } from '../../src/table/worker-row.ts';

/** The text of `/metrics`. @param origin such as `http://127.0.0.1:8080` */
export async function readMetrics(origin: string, signal: AbortSignal): Promise<string> {
  return (await get(`${origin}/metrics`, signal)).text();
}

/** Sum over all series of that name, or over those that carry the label as it is given, such as `status="200"`. */
export function metricSum(text: string, name: string, label = ''): number {
  let sum = 0;
  for (const [, labels = '', value] of text.matchAll(new RegExp(`^${name}(?:\\{([^}]*)\\})? (\\S+)`, 'gm'))) {
    if (labels.includes(label)) sum += Number(value);
  }
  return sum;
}

type PublicWorker = Pick<WorkerRow, 'id_worker' | 'pid' | 'status' | 'current_requests'>;

/** The workers of `GET /workers`. */
export async function readWorkers(origin: string, signal: AbortSignal): Promise<readonly PublicWorker[]> {
  const { workers } = (await (await get(`${origin}/workers`, signal)).json()) as { workers: PublicWorker[] };
  return workers;
}

async function get(url: string, signal: AbortSignal): Promise<Response> {
  const response = await fetch(url, { signal });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return response;
}
