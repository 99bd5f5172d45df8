/** A gateway's hold on one worker: its row, the channel to it, and what this gateway has seen of it. */
import type { Candidate } from '../balance/least-connections.ts';
import type { Channel } from '../channel/channel.ts';
import type { WorkerLoad } from '../table/load-statement.ts';
import type { WorkerRow } from '../table/worker-row.ts';

/** Weight of the newest latency in the mean: about the last 20 requests count. */
const LATENCY_WEIGHT = 0.1;

export class WorkerLink implements Candidate {
  readonly id_worker: string;
  readonly slots: number;
  channel: Channel;
  row: WorkerRow;
  /** Requests of other gateways there, as far as the table knows. */
  othersLoad = 0;
  /** Requests in flight there as this gateway last told the table. */
  stated = 0;
  /** It said busy; it is left alone until it finishes something or a tick has passed. */
  busy = false;
  #completed = 0;
  #failed = 0;
  #latencyMs = 0;

  constructor(row: WorkerRow, channel: Channel) {
    this.id_worker = row.id_worker;
    this.slots = row.slots;
    this.row = row;
    this.channel = channel;
  }

  get load(): number {
    return this.channel.inFlight + this.othersLoad;
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

  /** What the gateway says of it to the table. */
  statement(): WorkerLoad {
    const { state, inFlight } = this.channel;
    this.stated = inFlight;
    return {
      id_worker: this.id_worker,
      in_flight: inFlight,
      completed: this.#completed,
      failed: this.#failed,
      latency_ms: this.#latencyMs,
      reachable: state === 'open' || state === 'draining',
    };
  }
}
