/** Workers as child processes on this machine. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unixEndpoint } from '../channel/endpoint.ts';
import type { Provisioner, WorkerEvent, WorkerOrder } from './provisioner.ts';
import { isChildMessage, type StartMessage } from './worker-messages.ts';

export interface ProcessProvisionerOptions {
  /** The module that a worker process runs. */
  readonly entry: string;
  readonly heartbeatMs: number;
  readonly maxBodyBytes: number;
  /** How long a worker may drain before it is killed. */
  readonly drainMs: number;
}

/** A Unix socket's path may be 107 bytes long; our own part of it takes some 30. */
const LONGEST_BASE = 70;
/** A worker is killed this much later than it was to be done by itself. */
const KILL_AFTER_DRAIN_MS = 1_000;

export class ProcessProvisioner implements Provisioner {
  readonly #options: ProcessProvisionerOptions;
  readonly #children = new Map<string, ChildProcess>();
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

  start(order: WorkerOrder): void {
    const { entry, heartbeatMs, maxBodyBytes, drainMs } = this.#options;
    const { id_worker } = order;
    const child = spawn(process.execPath, [...process.execArgv, entry], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      serialization: 'advanced',
    });
    this.#children.set(id_worker, child);
    child.on('message', (message) => {
      if (isChildMessage(message)) this.#listener(message);
    });
    child.on('error', (error) => this.#onExit(id_worker, child, `could not be started: ${error.message}`));
    child.on('exit', (code, signal) => {
      this.#onExit(id_worker, child, signal === null ? `exited with code ${code}` : `ended by ${signal}`);
    });
    const message: StartMessage = {
      type: 'start',
      settings: {
        ...order,
        endpoint: unixEndpoint(join(this.#directory, `${this.#nextSocket++}.sock`)),
        heartbeatMs,
        maxBodyBytes,
        drainMs,
      },
    };
    // A child that ended before it could be told is reported by its exit.
    child.send(message, () => {});
  }

  drain(id_worker: string): void {
    const child = this.#children.get(id_worker);
    if (!child) return;
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), this.#options.drainMs + KILL_AFTER_DRAIN_MS);
    child.once('exit', () => clearTimeout(timer));
  }

  kill(id_worker: string): void {
    this.#children.get(id_worker)?.kill('SIGKILL');
  }

  async close(): Promise<void> {
    const exits = [...this.#children].map(
      ([id_worker, child]) =>
        new Promise<void>((resolve) => {
          child.once('exit', () => resolve());
          child.once('error', () => resolve());
          this.drain(id_worker);
        }),
    );
    await Promise.all(exits);
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #onExit(id_worker: string, child: ChildProcess, reason: string): void {
    if (this.#children.get(id_worker) !== child) return;
    this.#children.delete(id_worker);
    this.#listener({ type: 'exited', id_worker, reason });
  }
}
