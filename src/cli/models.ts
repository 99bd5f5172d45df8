/** `turntable models`: what a running server serves. */
import { ask } from './server-client.ts';
import { textTable } from './text-table.ts';

interface IndexEntry {
  readonly name: string;
  readonly version: string;
  readonly state: string;
  readonly reason: string;
}

export async function listModels(options: { server: string; json?: boolean }): Promise<void> {
  const text = await ask(options.server, '/v2/repository/index', '{}');
  if (options.json) {
    process.stdout.write(`${text}\n`);
    return;
  }
  const entries = JSON.parse(text) as IndexEntry[];
  const rows = entries.map(({ name, version, state, reason }) => [name, version, state, reason]);
  process.stdout.write(`${textTable([['MODEL', 'VERSION', 'STATE', 'REASON'], ...rows])}\n`);
}
