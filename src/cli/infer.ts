/** `turntable infer`: one inference request to a running server. */
import { readFile } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { ask } from './server-client.ts';

interface InferAnswer {
  readonly model_name: string;
  readonly model_version?: string;
  readonly outputs: readonly {
    readonly name: string;
    readonly datatype: string;
    readonly shape: readonly number[];
    readonly data: readonly unknown[];
  }[];
}

/** Elements of an output that are shown; `--json` shows all. */
const SHOWN = 20;

export async function infer(
  model: string,
  options: { server: string; input: string; json?: boolean },
): Promise<void> {
  const body = options.input === '-' ? await buffer(process.stdin) : await readFile(options.input);
  const [name = '', version] = model.split('/', 2);
  const versionPath = version === undefined ? '' : `/versions/${encodeURIComponent(version)}`;
  const path = `/v2/models/${encodeURIComponent(name)}${versionPath}/infer`;
  const text = await ask(options.server, path, body);
  process.stdout.write(options.json ? `${text}\n` : render(JSON.parse(text) as InferAnswer));
}

function render(answer: InferAnswer): string {
  const lines = [`${answer.model_name} version ${answer.model_version}`];
  for (const { name, datatype, shape, data } of answer.outputs) {
    const shown = data.slice(0, SHOWN).map(String).join(', ');
    const more = data.length > SHOWN ? `, … (${data.length - SHOWN} more)` : '';
    lines.push(`  ${name} ${datatype}[${shape}]: ${shown}${more}`);
  }
  return `${lines.join('\n')}\n`;
}
