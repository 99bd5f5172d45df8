/** Asks whoever listens at an endpoint which worker it is: a worker says so to everybody who connects. */
import { connect } from 'node:net';
import { parseEndpoint } from './endpoint.ts';
import { ChannelProtocolError, FRAME } from './frame.ts';
import { FrameDecoder } from './frame-decoder.ts';
import { readHello } from './messages.ts';

/** @throws EndpointError, ChannelProtocolError when no worker speaks there, the error of connecting, the signal's reason */
export function askWorkerId(endpoint: string, signal: AbortSignal): Promise<string> {
  const address = parseEndpoint(endpoint);
  return new Promise((resolve, reject) => {
    const socket = connect(address);
    const fail = (error: unknown) => {
      socket.destroy();
      reject(error);
    };
    const decoder = new FrameDecoder((type, _end, _stream, payload) => {
      if (type !== FRAME.HELLO) return;
      resolve(readHello(payload));
      socket.destroy();
    });
    signal.addEventListener('abort', () => fail(signal.reason), { once: true });
    socket.on('data', (chunk) => {
      try {
        decoder.push(chunk as Buffer);
      } catch (error) {
        fail(error);
      }
    });
    socket.on('error', fail);
    socket.on('close', () => reject(new ChannelProtocolError('it says nothing, and closes the connection')));
  });
}
