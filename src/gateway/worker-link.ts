/** A gateway's hold on one worker: its row, the channel to it, and what this gateway has seen of it. */
import { type Candidate, expectedLoad } from '../balance/least-connections.ts';
import type { Channel } from '../channel/channel.ts';
import type { WorkerLoad } from '../table/load-statement.ts';
import type { WorkerRow } from '../table/worker-row.ts';

/** Weight of the newest latency in the mean: about the last 20 requests count. */
const LATENCY_WEIGHT = 0.1;
/** How long the first connection to a worker may take before it counts as out of reach. */
const FIRST_CONTACT_MS = 1_000;

export class WorkerLink implements Candidate {
  readonly id_worker: string;
  readonly slots: number;
  channel: Channel;
  row: WorkerRow;
  /** Requests sent there, counted on from where the others were when it became usable. */
  sent = 0;
  /** Requests of other gateways there when they were last heard. */
  #others = 0;
  /** Requests of this one there at that moment. */
  #ownThen = 0;
  #gateways = 1;
  /** It said busy; it is left alone until it finishes something or a tick has passed. */
  busy = false;
  #completed = 0;
  #failed = 0;
  #latencyMs = 0;
  readonly #openedAt: number;
  #tried = false;

  /** @param now monotonic milliseconds */
  constructor(row: WorkerRow, channel: Channel, now: number) {
    this.#openedAt = now;
    this.id_worker = row.id_worker;
    this.slots = row.slots;
    this.row = row;
    this.channel = channel;
  }

  get load(): number {
    return expectedLoad(this.#others, this.#ownThen, this.channel.inFlight, this.#gateways);
  }

  get occupied(): number {
    return this.#others + this.channel.inFlight;
  }

  /**
   * The table has just been heard.
   * @param others requests in flight there by other gateways; undefined: as before
   * @param gateways how many there are, this one included
   */
  hear(others: number | undefined, gateways: number): void {
    if (others !== undefined) this.#others = others;
    this.#ownThen = this.channel.inFlight;
    this.#gateways = gateways;
  }

  /** Whether it may be sent new requests. */
  get usable(): boolean {
    return this.row.status === 'ACTIVE' && this.channel.state === 'open' && !this.busy;
  }

  onCompleted(latencyMs: number, ok: boolean): void {
    this.#completed++;
    if (!ok) this.#failed++;
    this.#latencyMs += (this.#completed === 1 ? 1 : LATENCY_WEIGHT) * (latencyMs - this.#latencyMs);
  }

  /**
   * What the gateway says of it to the table; nothing before it knows whether it can reach it.
   * @param now monotonic milliseconds
   */
  statement(now: number): WorkerLoad | undefined {
    const { state, inFlight } = this.channel;
    const reachable = state === 'open' || state === 'draining';
    this.#tried ||= reachable || now - this.#openedAt > FIRST_CONTACT_MS;
    if (!this.#tried) return undefined;
    return {
      id_worker: this.id_worker,
      in_flight: inFlight,
      completed: this.#completed,
      failed: this.#failed,
      latency_ms: this.#latencyMs,
      reachable,
      ejected: '',
    };
  }
}
