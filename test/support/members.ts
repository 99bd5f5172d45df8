/** What `GET /workers` of a gateway shows of a table on Redis, and what tests wait for in it. */
import { eventually } from './eventually.ts';
import type { WorkerView } from './workers.ts';

export interface TableDocument {
  readonly table: { readonly available: boolean; readonly since: string; readonly reason: string };
  readonly workers: readonly WorkerView[];
  readonly gateways: readonly { readonly id_gateway: string; readonly address: string }[];
  readonly controllers: readonly { readonly id_controller: string; readonly acting: boolean }[];
}

export async function tableOf(gateway: { readonly url: string }): Promise<TableDocument> {
  return (await (await fetch(`${gateway.url}/workers`)).json()) as TableDocument;
}

/** Resolves to the workers of a model when there are so many, all of them ACTIVE. */
export function activeWorkers(
  gateway: { readonly url: string },
  count: number,
  id_model = 'fraud',
  timeoutMs = 30_000,
): Promise<WorkerView[]> {
  return eventually(
    `${count} active workers of ${id_model}`,
    async () => {
      const workers = (await tableOf(gateway)).workers.filter((one) => one.id_model === id_model);
      const fine = workers.length === count && workers.every(({ status }) => status === 'ACTIVE');
      return fine ? workers : undefined;
    },
    timeoutMs,
  );
}

/** Resolves to the id of the controller that acts, another than `before`. */
export function actingController(
  gateway: { readonly url: string },
  before = '',
  timeoutMs = 20_000,
): Promise<string> {
  return eventually(
    'another controller to act',
    async () => {
      const { controllers } = await tableOf(gateway);
      const acting = controllers.filter((one) => one.acting).map(({ id_controller }) => id_controller);
      return acting.find((id) => id !== before);
    },
    timeoutMs,
  );
}

/** Resolves when no request is in flight anywhere, as the table has it. */
export async function allCountsZero(gateway: { readonly url: string }): Promise<void> {
  await eventually('all counts to be zero', async () =>
    (await tableOf(gateway)).workers.every(({ current_requests }) => current_requests === 0),
  );
}
