/** What a child process says takes effect in its order, all before its exit is told and nothing after. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WorkerPresence } from '../worker/presence.ts';
import { PresenceRelay } from './presence-relay.ts';
import { ProcessProvisioner, type ProcessProvisionerOptions } from './process-provisioner.ts';
import type { WorkerOrder } from './provisioner.ts';

const ORDER: WorkerOrder = {
  id_worker: 'm-1-a',
  id_model: 'm',
  version: '1',
  modelPath: '/m.onnx',
  config: {},
  revision: 'r1',
};

let happened: string[];
/** What the presence waits for before each of its words takes effect. */
let gate: Promise<void>;
let directory: string;
let provisioner: ProcessProvisioner | undefined;

beforeEach(() => {
  happened = [];
  gate = Promise.resolve();
  directory = mkdtempSync(join(tmpdir(), 'turntable-test-'));
});

afterEach(async () => {
  await provisioner?.close();
  provisioner = undefined;
  rmSync(directory, { recursive: true, force: true });
});

function recordingPresence(): WorkerPresence {
  const note = async (what: string) => {
    await gate;
    happened.push(what);
  };
  return {
    register: ({ endpoint }) => note(`registered ${endpoint}`),
    ready: () => note('ready'),
    heartbeat: ({ rss_bytes }) => note(`heartbeat ${rss_bytes}`),
    draining: () => note('draining'),
    gone: () => note('gone'),
    failed: () => note('failed'),
  };
}

/** Starts a child that runs a script in place of a worker; resolves when its exit is told. */
function run(script: string, options: Partial<ProcessProvisionerOptions> = {}): Promise<void> {
  const entry = join(directory, 'child.mjs');
  writeFileSync(entry, script);
  const started = new ProcessProvisioner({
    entry,
    heartbeatMs: 1_000,
    maxBodyBytes: 1_000,
    drainMs: 200,
    workerHost: '',
    workerAdvertise: '',
    presenceFor: recordingPresence,
    log: { error: (_, message) => happened.push(message) },
    ...options,
  });
  provisioner = started;
  const exited = new Promise<void>((resolve) => {
    started.onEvent((event) => {
      happened.push(`${event.type}: ${event.reason}; known: ${started.has(event.id_worker)}`);
      if (event.type === 'exited') resolve();
    });
  });
  started.start(ORDER);
  return exited;
}

const SAY_SETTINGS = `
  process.once('message', ({ settings }) => {
    const { endpoint, advertise, revision, supervised, table } = settings;
    const text = JSON.stringify({ endpoint, advertise, revision, supervised, table });
    process.send({ type: 'registered', introduction: { endpoint: text } }, () => process.exit());
  });`;

describe('a child process', () => {
  it('that ends at once after its last words has them all applied before its exit is told', async () => {
    await run(`
      process.once('message', () => {
        process.send({ type: 'registered', introduction: { endpoint: 'here' } });
        process.send({ type: 'ready' });
        process.send({ type: 'heartbeat', rss_bytes: 5 });
        process.send({ type: 'nonsense' });
        process.send({ type: 'failed', reason: 'no model' });
        process.send({ type: 'draining' });
        process.send({ type: 'gone' }, () => process.exit(7));
      });`);
    expect(happened.toSorted()).toEqual([
      'draining',
      'exited: exited with code 7; known: false',
      'failed: no model; known: true',
      'gone',
      'heartbeat 5',
      'ready',
      'registered here',
    ]);
    expect(happened.filter((what) => !what.startsWith('failed'))).toEqual([
      'registered here',
      'ready',
      'heartbeat 5',
      'draining',
      'gone',
      'exited: exited with code 7; known: false',
    ]);
  });

  it('has what waits to take effect dropped when it ends, as it would revive its row', async () => {
    const held = Promise.withResolvers<void>();
    gate = held.promise;
    const exited = run(`
      process.once('message', () => {
        process.send({ type: 'registered', introduction: { endpoint: 'here' } });
        process.send({ type: 'ready' }, () => process.kill(process.pid, 'SIGKILL'));
      });`);
    const early = await Promise.race([exited.then(() => 'told'), new Promise((r) => setTimeout(r, 500))]);
    expect([early, happened]).toEqual([undefined, []]);
    held.resolve();
    await exited;
    expect(happened).toEqual(['registered here', 'exited: ended by SIGKILL; known: false']);
  });

  it('that does not go when it is to drain is killed', async () => {
    const exited = run(`
      process.on('SIGTERM', () => {});
      process.once('message', () => process.send({ type: 'ready' }));
      setInterval(() => {}, 1_000);`);
    while (happened.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    provisioner?.drain(ORDER.id_worker);
    provisioner?.drain(ORDER.id_worker);
    await exited;
    expect(happened).toEqual(['ready', 'exited: ended by SIGKILL; known: false']);
  });

  it('that ends before it could be told what to do is told of as one that ended', async () => {
    await run('process.exit(1);');
    expect(happened).toEqual(['exited: exited with code 1; known: false']);
  });
});

describe('the settings of a child', () => {
  const settings = () => JSON.parse(happened[0]?.replace('registered ', '') ?? '') as Record<string, unknown>;

  it('have it listen on a socket that this machine alone reaches, and tell its parent', async () => {
    await run(SAY_SETTINGS);
    expect(settings()).toEqual({
      endpoint: expect.stringMatching(/^turntable\+unix:\/\/\/.*\/1\.sock$/),
      advertise: '',
      revision: 'r1',
      supervised: true,
    });
  });

  it('have it listen on a port where the network is to reach it, and write to the table itself', async () => {
    const table = { url: 'redis://there', prefix: 'p' };
    await run(SAY_SETTINGS, { workerHost: '::', workerAdvertise: 'me.example', table });
    expect(settings()).toMatchObject({ endpoint: 'turntable://[::]:0', advertise: 'me.example', table });
  });
});

describe('PresenceRelay', () => {
  it('goes on after a word that could not be applied, and says so', async () => {
    const errors: unknown[] = [];
    const presence = { ...recordingPresence(), ready: () => Promise.reject(new Error('not now')) };
    const relay = new PresenceRelay(presence, (error) => errors.push(error));
    relay.take({ type: 'ready' });
    relay.take({ type: 'draining' });
    await new Promise((resolve) => setImmediate(resolve));
    await relay.end();
    expect(happened).toEqual(['draining']);
    expect(errors).toEqual([new Error('not now')]);
  });

  it('applies nothing that comes after the end', async () => {
    const relay = new PresenceRelay(recordingPresence(), () => {});
    await relay.end();
    relay.take({ type: 'registered', introduction: {} as never });
    relay.take({ type: 'ready' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(happened).toEqual([]);
  });
});
