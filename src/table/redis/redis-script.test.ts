/** A script is read with its name and hash, and not without a header that says what goes in and out. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { loadScript } from './redis-script.ts';

const directory = mkdtempSync(`${tmpdir()}/turntable-scripts-`);
afterAll(() => rmSync(directory, { recursive: true }));

function write(source: string, name = 'put-model'): URL {
  const file = `${directory}/${name}.lua`;
  writeFileSync(file, source);
  return pathToFileURL(file);
}

it('reads a script', () => {
  const source = '-- Answers.\n-- KEYS: none\n-- ARGV: none\n-- Returns 1.\nreturn 1\n';
  expect(loadScript(write(source))).toEqual({
    name: 'put-model',
    source,
    sha1: '6af745e4d618aa1399429b2168fc146a24ffcc8c',
  });
});

it('puts the prelude in front', () => {
  const source = '-- KEYS: none\n-- ARGV: none\n-- Returns 1.\nreturn one()\n';
  const prelude = 'local function one() return 1 end\n';
  expect(loadScript(write(source), write(prelude, 'prelude')).source).toBe(`${prelude}\n${source}`);
});

it('insists on the header', () => {
  expect(() => loadScript(write('return 1\n'))).toThrow(
    /must open with a comment of its KEYS, ARGV and result/,
  );
  expect(() => loadScript(write('-- KEYS: none\n-- Returns 1\nreturn ARGV[1]\n'))).toThrow(/put-model\.lua/);
});
