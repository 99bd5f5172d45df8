/** The shape of all control loops: observe, decide, act, again and again, each tick caught, counted and logged. */
import type { Logger } from '../telemetry/logger.ts';

export interface ControlLoopOptions<Observed, Action> {
  readonly name: string;
  readonly intervalMs: number;
  readonly observe: () => Observed;
  /** Pure: all that it may use is in `observed`. */
  readonly decide: (observed: Observed) => readonly Action[];
  readonly act: (action: Action) => Promise<void>;
  readonly log: Logger;
}

/** The table is away, or another controller acts: told elsewhere, and what was to be done is decided anew later. */
const EXPECTED_CODES: ReadonlySet<unknown> = new Set(['TABLE_AWAY', 'TABLE_REFUSED', 'NOT_ACTING']);

export class ControlLoop<Observed, Action> {
  readonly #options: ControlLoopOptions<Observed, Action>;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #again = false;
  #started = false;
  #ticks = 0;
  #errors = 0;

  constructor(options: ControlLoopOptions<Observed, Action>) {
    this.#options = options;
  }

  /** Starts it, or starts it again. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    this.#timer = setInterval(() => this.kick(), this.#options.intervalMs);
    this.kick();
  }

  /** Ticks now; while a tick runs, once more after it. Nothing before the start and after the stop. */
  kick(): void {
    if (!this.#started) return;
    if (this.#running) {
      this.#again = true;
      return;
    }
    this.#running = this.#tick().finally(() => {
      this.#running = undefined;
      if (!this.#again) return;
      this.#again = false;
      this.kick();
    });
  }

  async stop(): Promise<void> {
    this.#started = false;
    clearInterval(this.#timer);
    await this.#running;
  }

  async #tick(): Promise<void> {
    const { name, observe, decide, act, log } = this.#options;
    this.#ticks++;
    try {
      for (const action of decide(observe())) {
        // It may have been stopped by what it has just done, or while it did it.
        if (!this.#started) return;
        log.debug({ loop: name, action }, 'control action');
        await act(action);
      }
    } catch (error) {
      if (isExpected(error)) {
        log.debug({ loop: name, err: error }, 'control loop tick given up');
        return;
      }
      this.#errors++;
      const counts = { ticks: this.#ticks, failed_ticks: this.#errors };
      log.error({ loop: name, ...counts, err: error }, 'control loop tick failed');
    }
  }
}

/** Whether it says no more than that this is not the moment. */
export function isExpected(error: unknown): boolean {
  return EXPECTED_CODES.has((error as { code?: unknown } | null)?.code);
}
