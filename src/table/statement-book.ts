/** What the gateways have said of their load, and what of it still counts. */
import type { HeardStatement, WorkerLoad } from './load-statement.ts';
import { type GatewayRow, MEMBER_TTL_MS } from './member.ts';

interface Entry {
  gateway: GatewayRow;
  readonly loads: Map<string, WorkerLoad>;
}

export class StatementBook {
  readonly #entries = new Map<string, Entry>();

  /** Notes that a gateway has spoken; its loads are changed with {@link say}. */
  heard(gateway: GatewayRow): void {
    const entry = this.#entries.get(gateway.id_gateway);
    if (entry) entry.gateway = gateway;
    else this.#entries.set(gateway.id_gateway, { gateway, loads: new Map() });
  }

  /** Notes that a gateway has spoken, when its identity is known already; false when it is not. */
  heardAgain(id_gateway: string, at: number): boolean {
    const entry = this.#entries.get(id_gateway);
    if (entry) entry.gateway = { ...entry.gateway, last_activity: at };
    return entry !== undefined;
  }

  say(id_gateway: string, load: WorkerLoad): void {
    this.#entries.get(id_gateway)?.loads.set(load.id_worker, load);
  }

  /** Lets a gateway's word on all workers but these lapse; returns the ids of those of whom there was one. */
  keepOnly(id_gateway: string, id_workers: ReadonlySet<string>): string[] {
    const loads = this.#entries.get(id_gateway)?.loads;
    const dropped: string[] = [];
    for (const id_worker of loads?.keys() ?? []) {
      if (id_workers.has(id_worker)) continue;
      loads?.delete(id_worker);
      dropped.push(id_worker);
    }
    return dropped;
  }

  remove(id_gateway: string): boolean {
    return this.#entries.delete(id_gateway);
  }

  /** Forgets what was said too long ago; whether there was any. */
  lapse(now: number): boolean {
    let lapsed = false;
    for (const [id_gateway, { gateway }] of this.#entries) {
      if (now - gateway.last_activity <= MEMBER_TTL_MS) continue;
      this.#entries.delete(id_gateway);
      lapsed = true;
    }
    return lapsed;
  }

  /** Takes all that was said as said now: the clock that it was stamped by has jumped. */
  restamp(now: number): void {
    for (const id_gateway of this.#entries.keys()) this.heardAgain(id_gateway, now);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Whether there is no gateway but this one. */
  isAlone(id_gateway: string): boolean {
    return this.#entries.size === (this.#entries.has(id_gateway) ? 1 : 0);
  }

  gateways(): GatewayRow[] {
    return Array.from(this.#entries.values(), ({ gateway }) => gateway);
  }

  all(): Iterable<HeardStatement> {
    return this.#entries.values();
  }

  of(id_worker: string): WorkerLoad[] {
    const loads: WorkerLoad[] = [];
    for (const entry of this.#entries.values()) {
      const load = entry.loads.get(id_worker);
      if (load) loads.push(load);
    }
    return loads;
  }

  ofOthers(id_worker: string, id_gateway: string): number {
    let inFlight = 0;
    for (const [id, { loads }] of this.#entries) {
      if (id !== id_gateway) inFlight += loads.get(id_worker)?.in_flight ?? 0;
    }
    return inFlight;
  }
}
