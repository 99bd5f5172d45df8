/** What the supervisor is to serve: one way of serving for each model version, and the one before until it is proven. */
import type { ModelConfig } from '../config/model-config.ts';
import { modelKey, type VersionName } from '../table/model-record.ts';
import { restartDelayMs, type WantedVersion } from './decide-replicas.ts';

/** A model version as the repository has it, with the number of workers to keep. */
export interface ServedVersion extends VersionName {
  readonly modelPath: string;
  readonly platform: string;
  readonly config: ModelConfig;
  readonly replicas: number;
  /** Digest of file and configuration, by which workers that another controller started are known. */
  readonly revision: string;
}

export interface Wanted {
  readonly served: ServedVersion;
  /** Counts up with every request to serve; workers carry that of their start. */
  readonly generation: number;
  /** A worker of this generation has become ready. */
  proven: boolean;
  /** What was served before, until this is proven. */
  before: Wanted | undefined;
  /** Deaths in a row. */
  failures: number;
  startNotBefore: number;
}

export class WantedVersions {
  readonly #wanted = new Map<string, Wanted>();
  /** Generation of the newest request to serve a version, whether it has come to serve or not. */
  readonly #newest = new Map<string, number>();
  #nextGeneration = 1;

  get(name: VersionName): Wanted | undefined {
    return this.#wanted.get(key(name));
  }

  /** Wants a version to be served so, in place of how it was. */
  add(served: ServedVersion): void {
    const generation = this.#nextGeneration++;
    const serving = this.get(served);
    const before = serving?.proven === false ? serving.before : serving;
    this.#newest.set(key(served), generation);
    this.#wanted.set(key(served), {
      served,
      generation,
      proven: false,
      before,
      failures: 0,
      startNotBefore: 0,
    });
  }

  names(): VersionName[] {
    return Array.from(this.#wanted.values(), ({ served: { id_model, version } }) => ({ id_model, version }));
  }

  /** Wants a version no more. */
  drop(name: VersionName): void {
    this.#wanted.delete(key(name));
    this.#newest.delete(key(name));
  }

  clear(): void {
    this.#wanted.clear();
    this.#newest.clear();
  }

  /** Whether what is wanted is what was asked for last; not so after {@link giveUp}. */
  isNewest(wanted: Wanted): boolean {
    return wanted.generation === this.#newest.get(key(wanted.served));
  }

  /** A worker of this generation is ready: what was served before is not needed any more. */
  prove(wanted: Wanted): void {
    wanted.proven = true;
    wanted.before = undefined;
  }

  /** It does not load. Returns to what was served before, if anything; whether there was something. */
  giveUp(wanted: Wanted): boolean {
    if (wanted.before) this.#wanted.set(key(wanted.served), wanted.before);
    else this.#wanted.delete(key(wanted.served));
    return wanted.before !== undefined;
  }

  /**
   * A worker of this generation died. How long to wait before the next start, in milliseconds.
   * @param sound whether it had served for long enough that its death is no sign of a model that keeps dying
   */
  onDeath(wanted: Wanted, sound: boolean, nowMs: number): number {
    wanted.failures = sound ? 1 : wanted.failures + 1;
    const delayMs = restartDelayMs(wanted.failures);
    wanted.startNotBefore = nowMs + delayMs;
    return delayMs;
  }

  /** For the decision how many workers to keep. */
  list(): WantedVersion[] {
    return Array.from(this.#wanted.values(), ({ served, generation, startNotBefore }) => {
      const { id_model, version, replicas } = served;
      return { id_model, version, replicas, generation, startNotBefore };
    });
  }
}

function key({ id_model, version }: VersionName): string {
  return modelKey(id_model, version);
}
