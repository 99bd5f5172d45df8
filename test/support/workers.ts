/** The process control table of a server under test, as `GET /workers` shows it. */

export interface WorkerView {
  readonly id_worker: string;
  readonly id_model: string;
  readonly version: string;
  readonly status: string;
  readonly endpoint: string;
  readonly current_requests: number;
  readonly avg_latency_ms: number;
  readonly last_activity: string;
  readonly pid: number;
  readonly reason: string;
  readonly supervised: boolean;
  readonly revision: string;
}

export async function workersOf(url: string, id_model?: string): Promise<WorkerView[]> {
  const response = await fetch(`${url}/workers`);
  const { workers } = (await response.json()) as { workers: WorkerView[] };
  return workers.filter((worker) => id_model === undefined || worker.id_model === id_model);
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
