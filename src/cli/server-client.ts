/** How the commands ask a running server. */
import { ConfigError } from '../config/load-config.ts';
import { TurntableError } from '../turntable-error.ts';

class ServerUnreachable extends TurntableError<'UNREACHABLE'> {
  constructor(message: string, options?: { cause?: unknown }) {
    super('UNREACHABLE', message, options);
  }
}

class ServerRefused extends TurntableError<'REFUSED'> {
  constructor(message: string) {
    super('REFUSED', message);
  }
}

/**
 * The text of a server's answer.
 * @throws ConfigError when the server's address is none, ServerUnreachable when nobody answers, ServerRefused when the answer is an error
 */
export async function ask(
  server: string,
  path: string,
  body?: Uint8Array | string,
  signal?: AbortSignal,
): Promise<string> {
  const base = URL.parse(server);
  if (!base)
    throw new ConfigError(`--server "${server}" is not a URL; expected something like http://127.0.0.1:8080`);
  let response: Response;
  try {
    response = await fetch(new URL(path, base), {
      ...(signal && { signal }),
      ...(body === undefined
        ? {}
        : { method: 'POST', body, headers: { 'content-type': 'application/json' } }),
    });
  } catch (error) {
    const cause = (error as Error).cause as Error | undefined;
    throw new ServerUnreachable(
      `no server answers at ${server} (${cause?.message || (error as Error).message}); start one with "turntable serve", or name it with --server`,
      { cause: error },
    );
  }
  const text = await response.text();
  if (!response.ok) throw new ServerRefused(`${response.status}: ${errorText(text)}`);
  return text;
}

function errorText(body: string): string {
  try {
    const { error, detail } = JSON.parse(body) as { error?: string; detail?: string };
    return error ?? detail ?? body;
  } catch {
    return body;
  }
}
