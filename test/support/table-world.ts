/** Three gateways, two controllers and five workers over one Redis, with all that can happen to them. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { FeedWitness } from './feed-witness.ts';
import { type RedisServer, startRedis } from './redis-server.ts';
import type { SeededRandom } from './seeded-random.ts';
import {
  type ControllerMember,
  type GatewayMember,
  startControllerMember,
  startGatewayMember,
  startWorkerMember,
  type TableMember,
  type WorkerMember,
} from './table-members.ts';

type Anyone = TableMember | WorkerMember;

const PREFIX = 't';
const HOUR_MS = 3_600_000;
/** Outages are told of once in ten seconds. */
const MOST_WARNINGS = 4;
/** So long after it was cut off a worker may be missing or in ERROR for good reason. */
const EXCUSED_MS = 3_000;

export class TableWorld implements AsyncDisposable {
  readonly redis: RedisServer;
  readonly gateways: GatewayMember[] = [];
  readonly controllers: ControllerMember[] = [];
  readonly workers: WorkerMember[] = [];
  readonly witness: FeedWitness;
  /** What has been done, for who reads a failure. */
  readonly story: string[] = [];
  readonly #random: SeededRandom;
  readonly #faulty = new Set<Anyone>();
  /** Until when, of workers that had a fault of their own. */
  readonly #excused = new Map<string, number>();
  /** What views have shown between two looks and should not have. */
  readonly #shown: string[] = [];
  #frozen = false;
  #names = 0;
  #writes = 0;

  private constructor(redis: RedisServer, random: SeededRandom) {
    this.redis = redis;
    this.#random = random;
    this.witness = new FeedWitness(redis, PREFIX);
  }

  static async start(random: SeededRandom): Promise<TableWorld> {
    const config = ['appendonly yes', 'appendfsync no'];
    const world = new TableWorld(await startRedis({ listen: 'tcp', movableClock: true, config }), random);
    for (let i = 0; i < 3; i++) await world.#addGateway();
    for (let i = 0; i < 2; i++) await world.#addController();
    for (let i = 0; i < 5; i++) await world.#addWorker();
    return world;
  }

  get views(): TableMember[] {
    return [...this.gateways, ...this.controllers];
  }

  get reachable(): boolean {
    return this.redis.isRunning && !this.#frozen;
  }

  /** Does one of the things that can be done now. */
  async step(): Promise<void> {
    const [name, act] = this.#random.pick(this.#possible());
    this.story.push(name);
    await act();
    for (const { inFlight } of this.gateways) {
      for (const id of inFlight.keys()) inFlight.set(id, this.#random.below(9));
    }
    // Whoever believes that it acts writes, and says so.
    for (const { name: id, table, terms } of this.controllers) {
      const reason = `${id} ${terms.at(-1)}`;
      const record = { ...RECORD, reason, replicas: ++this.#writes };
      void table.putModel(record).catch(() => {});
    }
  }

  /** What does not hold. */
  async broken(): Promise<string[]> {
    if (this.reachable) await this.witness.look();
    const broken = [...this.witness.broken];
    for (const { told, id_worker } of this.workers) {
      for (const one of told) broken.push(`${id_worker} was told that it is ${one}`);
    }
    for (const { name, table } of this.gateways) {
      for (const { id_worker, current_requests } of table.view().workers) {
        if (!(current_requests >= 0)) broken.push(`${name}: ${id_worker} has ${current_requests} requests`);
      }
    }
    broken.push(...this.#shown);
    for (const { name, warnings } of this.views) {
      if (warnings.length > MOST_WARNINGS) broken.push(`${name} warned ${warnings.length} times`);
    }
    return broken;
  }

  /** Ends all faults. */
  async heal(): Promise<void> {
    this.story.push('all is healed');
    await this.#bringBack();
    for (const one of [...this.#faulty]) await this.#healMember(one);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.redis.thaw();
    const all = [...this.gateways, ...this.controllers, ...this.workers];
    // Without a table to take leave of.
    await this.redis[Symbol.asyncDispose]();
    const ends = await Promise.allSettled(all.map((one) => one[Symbol.asyncDispose]()));
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }

  #possible(): [string, () => Promise<unknown>][] {
    const random = this.#random;
    const sound = [...this.views, ...this.workers].filter((one) => !this.#faulty.has(one));
    const steps: [string, () => Promise<unknown>][] = [];
    const add = (weight: number, name: string, act: () => Promise<unknown>) => {
      for (let i = 0; i < weight; i++) steps.push([name, act]);
    };
    const nameOf = (one: Anyone) => ('name' in one ? one.name : one.id_worker);
    if (sound.length > 0) {
      const one = random.pick(sound);
      const name = nameOf(one);
      const ms = 50 + random.below(300);
      add(3, `${name} is cut off`, () => this.#harm(one, () => one.proxy.cut('reset')));
      add(3, `${name} is silenced`, () => this.#harm(one, () => one.proxy.cut('silent')));
      add(2, `${name} is ${ms} ms away`, () => this.#harm(one, async () => one.proxy.delay(ms)));
      add(2, `${name} is cut off for a moment`, async () => {
        await this.#harm(one, () => one.proxy.cut('reset'));
        await this.#healMember(one);
      });
    }
    if (this.#faulty.size > 0) {
      const one = random.pick([...this.#faulty]);
      add(3 * this.#faulty.size, `${nameOf(one)} is healed`, () => this.#healMember(one));
    }
    if (!this.reachable) add(20, 'Redis is brought back', () => this.#bringBack());
    else {
      const jumpMs = Math.round((random.next() - 0.5) * 2 * random.pick([3_000, HOUR_MS]));
      add(1, 'Redis is killed', () => this.redis.kill());
      add(1, 'Redis is killed and loses all', async () => {
        await this.redis.kill();
        rmSync(join(this.redis.directory, 'appendonlydir'), { recursive: true, force: true });
      });
      add(2, 'Redis is frozen', async () => {
        this.#frozen = true;
        await this.redis.freeze();
      });
      add(1, 'the table is emptied', () => this.redis.cli('FLUSHALL'));
      add(1, `the clock is set by ${jumpMs} ms`, async () => this.redis.advanceClock(jumpMs));
      if (this.workers.length < 7) add(2, 'a worker comes', () => this.#addWorker());
      if (this.gateways.length < 4) add(1, 'a gateway comes', () => this.#addGateway());
      const leaving = random.pick(this.workers);
      const isSound = !this.#faulty.has(leaving);
      if (this.workers.length > 3 && isSound)
        add(1, `${leaving.id_worker} leaves`, () => this.#leave(leaving));
    }
    const dying = random.pick(this.workers);
    if (this.workers.length > 3) add(1, `${dying.id_worker} dies`, () => this.#kill(dying));
    const gateway = random.pick(this.gateways);
    if (this.gateways.length > 2) {
      add(1, `${gateway.name} dies`, async () => {
        this.#faulty.delete(gateway);
        this.gateways.splice(this.gateways.indexOf(gateway), 1);
        await gateway.die();
      });
    }
    return steps;
  }

  async #harm(one: Anyone, how: () => Promise<void>): Promise<void> {
    this.#faulty.add(one);
    if ('id_worker' in one) this.#excused.set(one.id_worker, Number.POSITIVE_INFINITY);
    await how();
  }

  async #healMember(one: Anyone): Promise<void> {
    this.#faulty.delete(one);
    if ('id_worker' in one) this.#excused.set(one.id_worker, performance.now() + EXCUSED_MS);
    one.proxy.delay(0);
    await one.proxy.heal();
  }

  async #bringBack(): Promise<void> {
    if (this.#frozen) this.redis.thaw();
    this.#frozen = false;
    if (!this.redis.isRunning) await this.redis.restart();
  }

  #isExcused(id_worker: string): boolean {
    return (this.#excused.get(id_worker) ?? 0) > performance.now();
  }

  async #addGateway(): Promise<void> {
    const gateway = await startGatewayMember(this.#place, `g${++this.#names}`);
    for (const worker of this.workers) if (isSpokenOf(worker)) gateway.inFlight.set(worker.id_worker, 0);
    this.gateways.push(gateway);
    const { name, table } = gateway;
    const seenActive = new Set<string>();
    table.subscribe((change) => {
      if (change.kind !== 'worker') return;
      const { id_worker } = change;
      const status = table.worker(id_worker)?.status;
      const lives = this.workers.some((one) => one.id_worker === id_worker);
      if (status === 'ACTIVE') seenActive.add(id_worker);
      else if (lives && seenActive.has(id_worker) && !this.#isExcused(id_worker)) {
        this.#shown.push(`${name}: ${id_worker}, which lives and was ACTIVE, is ${status ?? 'gone'}`);
      }
    });
  }

  async #addController(): Promise<void> {
    this.controllers.push(await startControllerMember(this.#place, `c${++this.#names}`));
  }

  async #addWorker(): Promise<void> {
    const worker = await startWorkerMember(this.#place, `w${++this.#names}`);
    if (isSpokenOf(worker)) for (const { inFlight } of this.gateways) inFlight.set(worker.id_worker, 0);
    this.workers.push(worker);
  }

  async #kill(worker: WorkerMember): Promise<void> {
    this.#forget(worker);
    await worker.die();
  }

  async #leave(worker: WorkerMember): Promise<void> {
    this.#forget(worker);
    await worker.leave();
  }

  #forget(worker: WorkerMember): void {
    this.#faulty.delete(worker);
    this.workers.splice(this.workers.indexOf(worker), 1);
    for (const { inFlight } of this.gateways) inFlight.delete(worker.id_worker);
  }

  get #place() {
    return { redis: this.redis, prefix: PREFIX };
  }

  /** What the server has of rows and statuses, to be compared with the views. */
  async truth(): Promise<string[]> {
    const ids = (await this.redis.cli('SMEMBERS', `{${PREFIX}}:workers`)) as string[];
    const statuses = ids.map((id) => this.redis.cli('HGET', `{${PREFIX}}:worker:${id}`, 'status'));
    return (await Promise.all(statuses)).map((status, i) => `${ids[i]} ${status}`).sort();
  }

  /** Resolves when all is as it should be. */
  async converges(timeoutMs: number): Promise<void> {
    const wrong = async (): Promise<string[]> => {
      const truth = (await this.truth()).join();
      const living = new Set(this.workers.map(({ id_worker }) => id_worker));
      const found: string[] = [];
      for (const id of living)
        if (!`,${truth},`.includes(`,${id} ACTIVE,`)) found.push(`${id} is not ACTIVE`);
      for (const { name, table } of this.views) {
        const { workers, controllers, gateways, health } = table.view();
        const shown = workers.map(({ id_worker, status }) => `${id_worker} ${status}`).sort();
        if (shown.join() !== truth) found.push(`${name} shows ${shown}, the table has ${truth}`);
        if (!health.available) found.push(`${name} is without table: ${health.reason}`);
        for (const { id_worker, status, current_requests } of workers) {
          const said = this.gateways.reduce((sum, { inFlight }) => sum + (inFlight.get(id_worker) ?? 0), 0);
          if (current_requests !== said)
            found.push(`${name}: ${id_worker} has ${current_requests}, not ${said}`);
          if (!living.has(id_worker) && status === 'ACTIVE') found.push(`${name}: ${id_worker} is dead`);
        }
        if (gateways.length !== this.gateways.length) found.push(`${name} sees ${gateways.length} gateways`);
        const acting = controllers.filter((one) => one.acting).map(({ id_controller }) => id_controller);
        const truly = this.controllers.filter((one) => one.acting).map((one) => one.name);
        if (acting.length !== 1 || acting.join() !== truly.join()) {
          found.push(
            `${name} sees ${acting.join(' and ') || 'nobody'} act; ${truly.join(' and ') || 'nobody'} does`,
          );
        }
      }
      return found;
    };
    let last: string[] = [];
    await eventually(
      'all to converge',
      async () => {
        last = await wrong();
        return last.length === 0;
      },
      timeoutMs,
    ).catch((error: Error) => {
      throw new Error([error.message, ...last].join('\n'));
    });
  }
}

/** Of the others no gateway says that it reaches them: the watchdog has their signs of life alone. */
function isSpokenOf({ id_worker }: WorkerMember): boolean {
  return Number(id_worker.slice(1)) % 3 > 0;
}

const RECORD = {
  ...{ id_model: 'written', version: '1', state: 'READY' as const, platform: 'onnxruntime_onnx' },
  ...{ max_batch_size: 0, max_queue_delay_us: 0, idempotent: true, signature: undefined, unloaded: false },
} as const;
