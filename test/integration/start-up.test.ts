/** What a start loads: the client of Redis only where the table is there, so that other starts stay fast. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const ROOT = new URL('../..', import.meta.url).pathname;

/** The files of a package that are loaded when a module of ours is. */
async function loadedOf(packageName: string, script: string): Promise<number> {
  const count = `Object.keys(require('node:module')._cache).filter((file) => file.includes('/${packageName}/')).length`;
  const program = `${script}.then(() => console.log(${count}))`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--eval', program], { cwd: ROOT });
  return Number(stdout);
}

it.each(['serve', 'gateway', 'gateway-threads', 'gateway-thread', 'controller', 'worker', 'worker-main'])(
  '%s loads no client of Redis by itself',
  async (command) => {
    expect(await loadedOf('ioredis', `import('./src/cli/${command}.ts')`)).toBe(0);
  },
);

it('it would be seen', async () => {
  expect(await loadedOf('ioredis', "import('./src/table/redis/redis-client.ts')")).toBeGreaterThan(0);
});
