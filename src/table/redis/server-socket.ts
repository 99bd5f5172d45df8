/** A connected socket to a Redis server: TCP, TLS or Unix. */
import { readFile } from 'node:fs/promises';
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { RedisTls, ServerAddress } from './redis-target.ts';

/**
 * Resolves when the connection stands, with TLS when that has been agreed on.
 * @throws what the system says, or the signal's reason
 */
export async function openSocket(
  address: ServerAddress,
  tls: RedisTls | undefined,
  signal: AbortSignal,
): Promise<Socket> {
  const secure = tls && {
    ...(await readTlsFiles(tls)),
    ...(tls.servername && { servername: tls.servername }),
  };
  signal.throwIfAborted();
  const socket = secure ? connectTls({ ...address, ...secure }) : connectPlain(address);
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) => {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      reject(error);
    };
    const onAbort = () => fail(signal.reason);
    const onClose = () => fail(new Error('the server closed the connection'));
    signal.addEventListener('abort', onAbort);
    // Stays for good: an error after ours must not become an exception of the process.
    socket.on('error', fail);
    socket.once('close', onClose);
    socket.once(secure ? 'secureConnect' : 'connect', () => {
      signal.removeEventListener('abort', onAbort);
      socket.off('error', fail).on('error', () => {});
      socket.off('close', onClose);
      resolve(socket);
    });
  });
}

/** Read for each connection, so that certificates may be renewed under us. */
async function readTlsFiles({
  ca,
  cert,
  key,
}: RedisTls): Promise<{ ca?: Buffer; cert?: Buffer; key?: Buffer }> {
  const read = async (name: string, file: string | undefined) =>
    file === undefined ? {} : { [name]: await readFile(file) };
  const [one, two, three] = await Promise.all([read('ca', ca), read('cert', cert), read('key', key)]);
  return { ...one, ...two, ...three };
}
