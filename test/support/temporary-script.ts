/** A Lua script made for a test, deleted with its process. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export function temporaryScript(source: string): URL {
  const directory = mkdtempSync(join(tmpdir(), 'turntable-script-'));
  process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, 'script.lua');
  writeFileSync(file, source);
  return pathToFileURL(file);
}
