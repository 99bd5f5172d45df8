/**
 * A process that holds connections to a server, from several addresses of the loopback, and sends nothing on them
 * unless told. It answers each {@link ConnectionCommand} with a {@link ConnectionAnswer}.
 */
import { connect, type Socket } from 'node:net';
import { HttpAnswer } from '../support/http-answer.ts';

export type ConnectionCommand =
  /** Opens so many, and has one request of every second one answered. */
  | { readonly kind: 'open'; readonly port: number; readonly connections: number; readonly request: string }
  /** Sends a request on so many of them, taken evenly from all. */
  | { readonly kind: 'ask'; readonly connections: number; readonly request: string }
  | { readonly kind: 'close' };

export interface ConnectionAnswer {
  /** Connections that are open. */
  readonly open: number;
  readonly asked: number;
  /** Answered with 200. */
  readonly answered: number;
}

interface Connection {
  readonly socket: Socket;
  readonly answer: HttpAnswer;
  isOpen: boolean;
  done: ((status: number) => void) | undefined;
}

/** More than wait for a server to accept them would be dropped by the system. */
const AT_ONCE = 100;
/** 127.0.0.2 and so on: an address has ports for 28,000 connections at most. */
const PER_ADDRESS = 1_000;
const CONNECT_TIMEOUT_MS = 10_000;

let connections: Connection[] = [];

function open(port: number, index: number): Promise<Connection> {
  const localAddress = `127.0.0.${2 + Math.floor(index / PER_ADDRESS)}`;
  const { promise, resolve } = Promise.withResolvers<Connection>();
  const socket = connect({ host: '127.0.0.1', port, localAddress, noDelay: true });
  const connection: Connection = { socket, answer: new HttpAnswer(), isOpen: false, done: undefined };
  const end = () => {
    connection.isOpen = false;
    connection.done?.(0);
    socket.destroy();
    resolve(connection);
  };
  socket.setTimeout(CONNECT_TIMEOUT_MS, end);
  socket.on('connect', () => {
    socket.setTimeout(0);
    connection.isOpen = true;
    resolve(connection);
  });
  socket.on('data', (chunk) => {
    // Bytes that nobody asked for are a word of farewell, such as 408.
    if (!connection.done) return end();
    if (connection.answer.push(chunk as Buffer)) connection.done(connection.answer.status);
  });
  socket.on('error', end);
  socket.on('close', end);
  return promise;
}

/** The HTTP status, or 0. */
function ask(connection: Connection, request: string): Promise<number> {
  if (!connection.isOpen) return Promise.resolve(0);
  const { promise, resolve } = Promise.withResolvers<number>();
  connection.answer.begin();
  connection.done = (status) => {
    connection.done = undefined;
    resolve(status);
  };
  connection.socket.write(request);
  return promise;
}

/** Some at a time, in order. */
async function someAtOnce<In, Out>(list: readonly In[], act: (one: In) => Promise<Out>): Promise<Out[]> {
  const results: Out[] = [];
  for (let from = 0; from < list.length; from += AT_ONCE) {
    results.push(...(await Promise.all(list.slice(from, from + AT_ONCE).map(act))));
  }
  return results;
}

async function askAll(asked: readonly Connection[], request: string): Promise<ConnectionAnswer> {
  const statuses = await someAtOnce(asked, (connection) => ask(connection, request));
  return {
    open: connections.filter(({ isOpen }) => isOpen).length,
    asked: asked.length,
    answered: statuses.filter((status) => status === 200).length,
  };
}

async function obey(command: ConnectionCommand): Promise<ConnectionAnswer> {
  switch (command.kind) {
    case 'open': {
      const indexes = Array.from({ length: command.connections }, (_, index) => index);
      connections = await someAtOnce(indexes, (index) => open(command.port, index));
      return askAll(
        connections.filter((_, index) => index % 2 === 0),
        command.request,
      );
    }
    case 'ask': {
      // An odd step, so that those that were asked before and those that were not both come to it.
      const step = Math.floor(connections.length / command.connections) | 1;
      return askAll(
        connections.filter((_, index) => index % step === 0),
        command.request,
      );
    }
    case 'close':
      for (const { socket } of connections) socket.destroy();
      connections = [];
      return { open: 0, asked: 0, answered: 0 };
  }
}

process.on('message', async (command: ConnectionCommand) => process.send?.(await obey(command)));
process.on('disconnect', () => process.exit(0));
