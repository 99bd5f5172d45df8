/** Names of the keys in Redis, all in one hash slot: docs/spec.md lists what each of them holds. */

export class TableKeys {
  readonly meta: string;
  readonly changes: string;
  readonly pulse: string;
  readonly workers: string;
  readonly removed: string;
  readonly models: string;
  readonly gateways: string;
  readonly lease: string;
  readonly #prefix: string;

  /** @param prefix tells tables apart that share a server; without braces, because the hash tag is made of it */
  constructor(prefix: string) {
    this.#prefix = `{${prefix}}`;
    this.meta = this.#key('meta');
    this.changes = this.#key('changes');
    this.pulse = this.#key('pulse');
    this.workers = this.#key('workers');
    this.removed = this.#key('removed');
    this.models = this.#key('models');
    this.gateways = this.#key('gateways');
    this.lease = this.#key('lease');
  }

  worker(id_worker: string): string {
    return this.#key(`worker:${id_worker}`);
  }

  /** @param name as {@link modelKey} makes it */
  model(name: string): string {
    return this.#key(`model:${name}`);
  }

  gateway(id_gateway: string): string {
    return this.#key(`gateway:${id_gateway}`);
  }

  load(id_gateway: string): string {
    return this.#key(`load:${id_gateway}`);
  }

  #key(name: string): string {
    return `${this.#prefix}:${name}`;
  }
}
