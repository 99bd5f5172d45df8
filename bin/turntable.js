#!/usr/bin/env node
// The installed command: the built sources where there are any, else the sources as they are.
import { existsSync } from 'node:fs';

const OLDEST = [22, 12];
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  process.stderr.write(
    `turntable: Node ${OLDEST.join('.')} or newer is needed, this is ${process.versions.node}\n`,
  );
  process.exit(2);
}
const source = new URL('../src/cli/main.ts', import.meta.url);
await import(existsSync(source) ? source.href : new URL('../dist/cli/main.js', import.meta.url).href);
