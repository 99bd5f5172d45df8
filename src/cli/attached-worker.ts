/** Stands in the table for a server that knows nothing of it: enters it, gives its signs of life, takes it out. */
import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { type HttpTarget, parseHttpEndpoint } from '../channel/endpoint.ts';
import type { ControlTable } from '../table/control-table.ts';
import { until } from '../table/until.ts';
import { newWorkerId } from '../table/worker-id.ts';
import type { Logger } from '../telemetry/logger.ts';
import { healthOf, readAttachedModel } from './attached-server.ts';
import { TablePresence } from './table-presence.ts';

export interface AttachedWorkerOptions {
  readonly table: ControlTable;
  /** Where gateways reach the server. */
  readonly endpoint: string;
  readonly id_model: string;
  readonly version: string;
  readonly slots: number;
  readonly weight: number;
  readonly idempotent: boolean;
  readonly heartbeatMs: number;
  readonly log: Logger;
  /** Somebody retires it. */
  readonly onRetired: () => void;
}

/** Its place in the table; a row that was removed is followed by another (promise CT1). */
interface Entry {
  readonly id_worker: string;
  readonly presence: TablePresence;
}

/**
 * Gateways see that a row drains within 50 ms (promise CT4), and say within another 100 what they have there by then. Only
 * after well more than that does the table's count tell that nothing is under way any more.
 */
const SETTLE_MS = 500;

export class AttachedWorker {
  readonly #options: AttachedWorkerOptions;
  readonly #target: HttpTarget;
  #entry: Entry | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  #beating = false;
  #wasReady = true;
  #leaving = false;

  /** @throws EndpointError */
  constructor(options: AttachedWorkerOptions) {
    this.#options = options;
    this.#target = parseHttpEndpoint(options.endpoint, options.id_model);
  }

  get target(): HttpTarget {
    return this.#target;
  }

  /**
   * Resolves to its id when it is in the table and takes requests.
   * @throws what {@link readAttachedModel} does
   */
  async start(): Promise<string> {
    const { id_worker } = await this.#enter();
    this.#heartbeat = setInterval(() => void this.#beat(), this.#options.heartbeatMs);
    return id_worker;
  }

  /** Takes it out of traffic, waits until nothing is under way there or the time is up, and removes its row. */
  async leave(limitMs: number): Promise<void> {
    this.#leaving = true;
    if (this.#entry) {
      const { presence, id_worker } = this.#entry;
      const { table } = this.#options;
      await presence.draining();
      const timeUp = AbortSignal.timeout(limitMs);
      await sleep(Math.min(SETTLE_MS, limitMs));
      await until(table, () => (table.worker(id_worker)?.current_requests ?? 0) === 0, timeUp);
      await presence.gone();
    }
    clearInterval(this.#heartbeat);
  }

  async #enter(): Promise<Entry> {
    const { table, endpoint, id_model, version, slots, weight, idempotent, log } = this.#options;
    const { platform, signature, revision } = await readAttachedModel(endpoint, id_model);
    const id_worker = newWorkerId(id_model, version, randomBytes(8).readBigUInt64LE());
    const presence = new TablePresence({
      table,
      supervised: false,
      revision,
      log: log.child({ id_worker }),
      onRetired: this.#options.onRetired,
      onRemoved: () => {
        log.warn({ id_worker }, 'its row was removed from the control table: it gets another');
        this.#entry = undefined;
      },
    });
    this.#entry = { id_worker, presence };
    await presence.register({
      ...{ id_worker, id_model, version, endpoint, slots, weight, idempotent, platform, signature },
      // Of this process, which is what somebody who wants it to end looks for.
      ...{ node: hostname(), pid: process.pid },
      ...{ max_batch_size: 0, max_queue_delay_us: 0 },
    });
    await presence.ready();
    return this.#entry;
  }

  /** One that finds the last one still under way is left out. */
  async #beat(): Promise<void> {
    if (this.#beating) return;
    this.#beating = true;
    const { log, heartbeatMs } = this.#options;
    try {
      const { health, reason } = await healthOf(this.#target, Math.max(heartbeatMs, 1_000));
      const isReady = health === 'ready';
      if (isReady !== this.#wasReady) {
        this.#wasReady = isReady;
        if (isReady) log.info({ reason }, 'the server is ready again');
        else log.warn({ reason }, 'the server is not ready: no sign of life is given for it');
      }
      if (!isReady) return;
      // What it uses of its machine is not known here.
      if (this.#entry) await this.#entry.presence.heartbeat({ rss_bytes: 0 });
      else if (!this.#leaving) await this.#enter();
    } catch (error) {
      log.warn({ reason: (error as Error).message }, 'the server cannot be entered into the control table');
    } finally {
      this.#beating = false;
    }
  }
}
