/** The thread of `runOpenLoop`: sends what is due over kept connections, and notes when each answer was whole. */
import { connect, type Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { HttpAnswer } from './http-answer.ts';
import type { OpenLoopMessage, OpenLoopPlan } from './open-loop.ts';

/** Before a server's own limit, so that none is closed while a request is on its way (RFC 9112, 9.3.1). */
const IDLE_MS = 2_000;
const READ_BYTES = 65_536;
/** Of each target at once: fewer than wait for any server to accept them, for the system drops what is more. */
const MAX_CONNECTING = 128;
const NONE = -1;

interface Connection {
  readonly socket: Socket;
  readonly answer: HttpAnswer;
  /** The arrival that it serves now. */
  index: number;
  idleSinceMs: number;
  state: 'connecting' | 'open' | 'closed';
}

interface Target {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** By body; made when first needed. */
  readonly requests: Buffer[];
  /** The last used last: load keeps as few connections warm as it needs. */
  readonly idle: Connection[];
  /** Those that connect included. */
  connections: number;
  connecting: number;
  /** Arrivals that found no connection, from `waitingFrom` on; they take the first that is free or new. */
  readonly waiting: number[];
  waitingFrom: number;
}

const plan = workerData as OpenLoopPlan;
const { arrivalsMs } = plan;
const count = arrivalsMs.length;
const targets = plan.urls.map((text): Target => {
  const url = new URL(text);
  return {
    ...{ host: url.hostname, port: Number(url.port || 80), path: url.pathname },
    ...{ requests: [], idle: [], connections: 0, connecting: 0, waiting: [], waitingFrom: 0 },
  };
});
const maxPerTarget = Math.max(1, Math.floor(plan.maxConnections / targets.length));
const latencyMs = new Float64Array(new SharedArrayBuffer(count * Float64Array.BYTES_PER_ELEMENT));
const status = new Uint16Array(new SharedArrayBuffer(count * Uint16Array.BYTES_PER_ELEMENT));
const sentLateMs = new Float64Array(count);
// One for all: what is read is looked at before anything else is read.
const readBuffer = Buffer.alloc(READ_BYTES);
let next = 0;
let settled = 0;
let second = 0;

const startMs = performance.now();
const startedAtMs = performance.timeOrigin + startMs;
const sinceStart = () => performance.now() - startMs;
const say = (message: OpenLoopMessage) => parentPort?.postMessage(message);

function requestOf(target: Target, index: number): Buffer {
  const number = plan.bodyOf[index]!;
  const known = target.requests[number];
  if (known !== undefined) return known;
  const body = plan.bodies[number]!;
  const fields = {
    host: `${target.host}:${target.port}`,
    ...{ 'content-type': 'application/json', 'content-length': body.length },
    ...plan.headers,
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = Buffer.from(`POST ${target.path} HTTP/1.1\r\n${lines.join('')}\r\n`);
  const made = Buffer.concat([head, body]);
  target.requests[number] = made;
  return made;
}

function dispatch(target: Target, index: number): void {
  const connection = target.idle.pop();
  if (connection) return send(target, connection, index);
  target.waiting.push(index);
  openMore(target);
}

/** A connection for each arrival that waits for one. */
function openMore(target: Target): void {
  while (
    target.connecting < Math.min(MAX_CONNECTING, target.waiting.length - target.waitingFrom) &&
    target.connections < maxPerTarget
  ) {
    open(target);
  }
}

function send(target: Target, connection: Connection, index: number): void {
  connection.index = index;
  connection.answer.begin();
  connection.socket.write(requestOf(target, index));
}

function settle(index: number, code: number): void {
  latencyMs[index] = sinceStart() - arrivalsMs[index]!;
  status[index] = code;
  if (++settled === count) finish();
}

function open(target: Target): void {
  const connection: Connection = {
    socket: connect({
      ...{ host: target.host, port: target.port, noDelay: true },
      onread: {
        buffer: readBuffer,
        callback: (bytes) => {
          onRead(target, connection, readBuffer.subarray(0, bytes));
          return true;
        },
      },
    }),
    answer: new HttpAnswer(),
    ...{ index: NONE, idleSinceMs: 0, state: 'connecting' },
  };
  target.connections++;
  target.connecting++;
  connection.socket.on('connect', () => {
    connection.state = 'open';
    target.connecting--;
    onFree(target, connection);
  });
  connection.socket.on('error', () => {});
  connection.socket.on('end', () => close(target, connection));
  connection.socket.on('close', () => close(target, connection));
}

function onRead(target: Target, connection: Connection, chunk: Buffer): void {
  const { answer, index } = connection;
  // Bytes that nobody asked for, such as a word of farewell before a server closes.
  if (index === NONE) return close(target, connection);
  if (!answer.push(chunk)) return;
  connection.index = NONE;
  settle(index, answer.status);
  if (answer.keepAlive) onFree(target, connection);
  else close(target, connection);
}

function onFree(target: Target, connection: Connection): void {
  if (target.waitingFrom < target.waiting.length) {
    send(target, connection, target.waiting[target.waitingFrom++]!);
    return;
  }
  connection.idleSinceMs = sinceStart();
  target.idle.push(connection);
}

function close(target: Target, connection: Connection): void {
  const { state, index, answer } = connection;
  if (state === 'closed') return;
  connection.state = 'closed';
  connection.index = NONE;
  connection.socket.destroy();
  target.connections--;
  const place = target.idle.indexOf(connection);
  if (place !== -1) target.idle.splice(place, 1);
  if (index !== NONE) settle(index, answer.end() ? answer.status : 0);
  if (state === 'connecting') {
    target.connecting--;
    // One that waits fails with it, or a server that is gone would be knocked at without end.
    if (target.waitingFrom < target.waiting.length) settle(target.waiting[target.waitingFrom++]!, 0);
  }
  openMore(target);
}

function closeIdle(now: number): void {
  for (const target of targets) {
    while (target.idle.length > 0 && target.idle[0]!.idleSinceMs < now - IDLE_MS) {
      close(target, target.idle[0]!);
    }
  }
}

/** Sends what is due, and comes back when the next is. */
function tick(): void {
  const now = sinceStart();
  for (; now >= second * 1_000; second++) {
    say({ kind: 'second', second });
    closeIdle(now);
  }
  for (; next < count && arrivalsMs[next]! <= now; next++) {
    sentLateMs[next] = now - arrivalsMs[next]!;
    dispatch(targets[next % targets.length]!, next);
  }
  const dueMs = Math.min(arrivalsMs[next] ?? Number.POSITIVE_INFINITY, second * 1_000);
  if (next < count) setTimeout(tick, Math.max(0, dueMs - sinceStart()));
  else setTimeout(finish, settled === count ? 0 : plan.patienceMs);
}

function finish(): void {
  // What has no answer by now has neither a latency nor, as 0, a status.
  const now = sinceStart();
  for (let index = 0; index < count; index++) {
    if (latencyMs[index] === 0) latencyMs[index] = now - arrivalsMs[index]!;
  }
  const lagMs = sentLateMs.sort()[Math.max(0, Math.ceil(count * 0.99) - 1)] ?? 0;
  say({ kind: 'done', latencyMs, status, lagMs, startedAtMs });
}

say({ kind: 'begun', latencyMs, status });
tick();
