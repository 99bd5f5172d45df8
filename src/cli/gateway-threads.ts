/** A gateway in several threads, each a whole gateway on the same port; the table stays with the thread that starts them. */
import { MessageChannel, Worker } from 'node:worker_threads';
import { ConfigError } from '../config/load-config.ts';
import type { GatewayCounts } from '../gateway/counts.ts';
import { assertFree } from '../gateway/listening-sockets.ts';
import { PortCalls } from '../port-calls.ts';
import { siblingModule } from '../sibling-module.ts';
import { TableHub } from '../table/thread/table-hub.ts';
import type { GatewayThreadOperations, GatewayThreadStart, MainOperations } from './gateway-thread-calls.ts';
import type { GatewayStart, RunningGateway } from './running-gateway.ts';
import { threadShare } from './thread-share.ts';

interface GatewayThread {
  readonly id_gateway: string;
  readonly worker: Worker;
  readonly calls: PortCalls<GatewayThreadOperations>;
}

/** How long a thread may take to say what it has counted. */
const COUNTS_TIMEOUT_MS = 2_000;

export class GatewayThreads implements RunningGateway {
  readonly died: Promise<void>;
  readonly #options: GatewayStart;
  readonly #hub: TableHub;
  readonly #threads: readonly GatewayThread[];
  #onDeath = () => {};
  #failure: Error | undefined;
  #closing = false;

  /** Starts the threads; what is wrong with one shows when it is to listen. */
  constructor(options: GatewayStart) {
    this.#options = options;
    this.#hub = new TableHub(options.table, () => performance.now());
    this.died = new Promise((resolve) => {
      this.#onDeath = resolve;
    });
    const threads = options.config.gatewayThreads;
    const config = threadShare(options.config, threads);
    this.#threads = Array.from({ length: threads }, (_, i) =>
      this.#start(`${options.id_gateway}-${i + 1}`, config),
    );
  }

  async listen(port: number, host: string): Promise<{ readonly port: number }> {
    assertShareable(process.versions.node);
    if (port !== 0) await assertFree(port, host);
    let chosen = port;
    try {
      // One after the other: where any free port will do, the first finds it.
      for (const { calls } of this.#threads) chosen = await calls.call('listen', chosen, host);
    } catch (error) {
      throw this.#failure ?? explained(error as NodeJS.ErrnoException);
    }
    return { port: chosen };
  }

  async close(limitMs: number): Promise<void> {
    this.#closing = true;
    // One that has died does not listen.
    await Promise.all(this.#threads.map(({ calls }) => calls.call('stopListening', limitMs).catch(() => {})));
    await Promise.all(
      this.#threads.map(async ({ worker, calls }) => {
        // One that has died has nothing to finish.
        await calls.call('close', limitMs).catch(() => {});
        await worker.terminate();
      }),
    );
    this.#hub.close();
  }

  #start(id_gateway: string, config: GatewayThreadStart['config']): GatewayThread {
    const table = new MessageChannel();
    const main = new MessageChannel();
    this.#hub.connect(table.port1);
    const operations: MainOperations = { countsOfOthers: () => this.#countsOfOthers(id_gateway) };
    const calls = new PortCalls<GatewayThreadOperations>(main.port1, operations);
    const start: GatewayThreadStart = { id_gateway, config, tablePort: table.port2, mainPort: main.port2 };
    const worker = new Worker(siblingModule(import.meta.url, './gateway-thread'), {
      name: id_gateway,
      workerData: start,
      transferList: [table.port2, main.port2],
    });
    worker.once('error', (error) => this.#onFailure(id_gateway, error as Error));
    worker.once('exit', (code) => {
      if (!this.#closing) this.#onFailure(id_gateway, new Error(`it ended with code ${code}`));
    });
    return { id_gateway, worker, calls };
  }

  /** Its load is out of the table by now, as its port has closed. */
  #onFailure(id_gateway: string, error: Error): void {
    if (this.#failure) return;
    this.#failure = error;
    this.#options.log.fatal(
      { id_gateway, err: error },
      'a thread of the gateway died: the others finish what they have',
    );
    this.#onDeath();
  }

  async #countsOfOthers(id_gateway: string): Promise<GatewayCounts[]> {
    const others = this.#threads.filter((thread) => thread.id_gateway !== id_gateway);
    return Promise.all(others.map(countsInTime));
  }
}

async function countsInTime({ id_gateway, calls }: GatewayThread): Promise<GatewayCounts> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const message = `thread ${id_gateway} does not say what it has counted within ${COUNTS_TIMEOUT_MS} ms`;
    timer = setTimeout(() => reject(new Error(message)), COUNTS_TIMEOUT_MS);
  });
  try {
    return await Promise.race([calls.call('counts'), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Node before 23.1 would listen on the port with the first thread alone. @throws ConfigError */
function assertShareable(node: string): void {
  const [major = 0, minor = 0] = node.split('.').map(Number);
  if (major > 23 || (major === 23 && minor >= 1)) return;
  throw new ConfigError(`--gateway-threads needs Node 23.1 or newer; this is ${node}`);
}

function explained(error: NodeJS.ErrnoException): Error {
  if (error.code !== 'ENOTSUP') return error;
  return new ConfigError(
    'this system does not let several sockets listen on one port, as Linux does: leave out --gateway-threads',
  );
}
