/** Workers as child processes on this machine. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { advertisedHost, tcpEndpoint, unixEndpoint } from '../channel/endpoint.ts';
import type { WorkerSettings } from '../config/worker-settings.ts';
import type { WorkerPresence } from '../worker/presence.ts';
import { PresenceRelay } from './presence-relay.ts';
import type { Provisioner, WorkerEvent, WorkerOrder } from './provisioner.ts';
import { isChildMessage, type StartMessage } from './worker-messages.ts';

export interface ProcessProvisionerOptions {
  /** The module that a worker process runs. */
  readonly entry: string;
  readonly heartbeatMs: number;
  readonly maxBodyBytes: number;
  /** How long a worker may drain before it is killed. */
  readonly drainMs: number;
  /** The table that the workers write themselves into; they outlive this process then. */
  readonly table?: WorkerSettings['table'];
  /** Where there is no such table: what a worker's words are applied to. */
  readonly presenceFor?: ((order: WorkerOrder) => WorkerPresence) | undefined;
  /** The address that workers listen on; empty: Unix sockets. */
  readonly workerHost: string;
  /** The host under which they are reached; empty: derived from `workerHost`. */
  readonly workerAdvertise: string;
  readonly log: { error(fields: object, message: string): void };
}

interface Child {
  readonly process: ChildProcess;
  readonly relay: PresenceRelay | undefined;
  /** Resolves when its exit has been told. */
  readonly ended: PromiseWithResolvers<void>;
  drains: boolean;
}

/** A Unix socket's path may be 107 bytes long; our own part of it takes some 30. */
const LONGEST_BASE = 70;
/** A worker is killed this much later than it was to be done by itself. */
const KILL_AFTER_DRAIN_MS = 1_000;
/** What a child said last may come in after its exit is known, but not later than this. */
const LAST_WORDS_MS = 1_000;

export class ProcessProvisioner implements Provisioner {
  readonly #options: ProcessProvisionerOptions;
  readonly #children = new Map<string, Child>();
  /** Of the workers' sockets. */
  readonly #directory: string;
  #nextSocket = 1;
  #listener: (event: WorkerEvent) => void = () => {};

  constructor(options: ProcessProvisionerOptions) {
    this.#options = options;
    const base = tmpdir();
    this.#directory = mkdtempSync(join(base.length <= LONGEST_BASE ? base : '/tmp', 'turntable-'));
  }

  onEvent(listener: (event: WorkerEvent) => void): void {
    this.#listener = listener;
  }

  has(id_worker: string): boolean {
    return this.#children.has(id_worker);
  }

  start(order: WorkerOrder): void {
    const { entry, heartbeatMs, maxBodyBytes, drainMs, table, presenceFor, log } = this.#options;
    const { id_worker } = order;
    const child = spawn(process.execPath, [...process.execArgv, entry], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
    });
    const presence = presenceFor?.(order);
    const onError = (err: unknown) => log.error({ err, id_worker }, 'what a worker said was not applied');
    const relay = presence && new PresenceRelay(presence, onError);
    this.#children.set(id_worker, {
      process: child,
      relay,
      ended: Promise.withResolvers<void>(),
      drains: false,
    });
    child.on('message', (message) => {
      if (!isChildMessage(message) || !this.has(id_worker)) return;
      if (message.type === 'failed') this.#listener({ ...message, id_worker });
      else relay?.take(message);
    });
    child.on('error', (error) => void this.#onExit(id_worker, `could not be started: ${error.message}`));
    child.on('exit', async (code, signal) => {
      if (child.connected) {
        const timeout = AbortSignal.timeout(LAST_WORDS_MS);
        await once(child, 'disconnect', { signal: timeout }).catch(() => {});
      }
      await this.#onExit(id_worker, signal === null ? `exited with code ${code}` : `ended by ${signal}`);
    });
    const message: StartMessage = {
      type: 'start',
      settings: {
        ...order,
        ...this.#place(),
        heartbeatMs,
        maxBodyBytes,
        drainMs,
        supervised: true,
        weight: 1,
        table,
      },
    };
    // A child that ended before it could be told is reported by its exit.
    child.send(message, () => {});
  }

  drain(id_worker: string): void {
    const child = this.#children.get(id_worker);
    if (!child || child.drains) return;
    child.drains = true;
    child.process.kill('SIGTERM');
    const kill = () => child.process.kill('SIGKILL');
    const timer = setTimeout(kill, this.#options.drainMs + KILL_AFTER_DRAIN_MS);
    child.process.once('exit', () => clearTimeout(timer));
  }

  kill(id_worker: string): void {
    this.#children.get(id_worker)?.process.kill('SIGKILL');
  }

  async close(): Promise<void> {
    const children = [...this.#children];
    for (const [id_worker] of children) this.drain(id_worker);
    await Promise.all(children.map(([, { ended }]) => ended.promise));
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #place(): Pick<WorkerSettings, 'endpoint' | 'advertise'> {
    const { workerHost, workerAdvertise } = this.#options;
    if (workerHost === '') {
      return { endpoint: unixEndpoint(join(this.#directory, `${this.#nextSocket++}.sock`)), advertise: '' };
    }
    return { endpoint: tcpEndpoint(workerHost, 0), advertise: advertisedHost(workerHost, workerAdvertise) };
  }

  /** Told when all that it said before has taken effect. */
  async #onExit(id_worker: string, reason: string): Promise<void> {
    const child = this.#children.get(id_worker);
    if (!child) return;
    await child.relay?.end();
    if (!this.#children.delete(id_worker)) return;
    this.#listener({ type: 'exited', id_worker, reason });
    child.ended.resolve();
  }
}
