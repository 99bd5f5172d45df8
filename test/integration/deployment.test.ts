/** The files of `deploy/`: what they tell the command must be what it understands, and what keeps them safe must stay. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { environmentName, flagName, loadConfig } from '../../src/config/load-config.ts';
import { type Role, settingsOf } from '../../src/config/server-config.ts';

interface Service {
  readonly image?: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly command: readonly string[];
  readonly user?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly restart?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly mem_limit?: string;
  readonly cpus?: number;
  readonly pids_limit?: number;
  readonly stop_grace_period?: string;
  readonly networks?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
}

interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>;
}

const read = (file: string) => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
const composeText = read('deploy/compose.yaml');
const compose = parse(composeText, { merge: true }) as ComposeFile;
const services = Object.entries(compose.services);
const ofTurntable = services.filter(([name]) => name !== 'redis');

const dockerfile = readDockerfile(read('deploy/Dockerfile'));
/** What the last stage says, by instruction. */
const ofImage = (instruction: string) =>
  dockerfile
    .slice(dockerfile.findLastIndex(([one]) => one === 'FROM'))
    .filter(([one]) => one === instruction)
    .map(([, rest]) => rest);

const ROLES = ['serve', 'gateway', 'controller', 'worker'] as const;
/** Read from somewhere else than the settings. */
const OTHER_VARIABLES = ['TURNTABLE_LOG_LEVEL', 'TURNTABLE_LOG_FORMAT'];
const OTHER_FLAGS: Partial<Record<Role, readonly string[]>> = { worker: ['--repository'] };

/** Instructions with what follows them, lines that belong together joined. */
function readDockerfile(text: string): [instruction: string, rest: string][] {
  const lines = text
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n');
  return lines.flatMap((line) => {
    const [, instruction, rest] = /^([A-Z]+)\s+(.*)$/.exec(line.trim()) ?? [];
    return instruction && rest ? [[instruction, rest.replace(/\s+/g, ' ')]] : [];
  });
}

/** As Compose reads it where nothing is set but what must be. */
function interpolated(text: string): string {
  return text
    .replace(/\$\{\w+:-([^}]*)\}/g, '$1')
    .replace(/\$\{\w+:\?[^}]*\}/g, 'secret')
    .replaceAll('$$', '$');
}

function roleOf([role]: readonly string[]): Role {
  expect(ROLES).toContain(role);
  return role as Role;
}

/** The service's environment on top of the image's, without what is there for the other roles. */
function environmentOf({ command, environment = {} }: Service): Record<string, string> {
  const ofRole = new Set([...settingsOf(roleOf(command)).keys()].map(environmentName));
  const inherited = imageVariables().filter(([name]) => ofRole.has(name));
  const own = Object.entries(environment).map(([name, value]) => [name, interpolated(value)]);
  return Object.fromEntries([...inherited, ...own]);
}

function imageVariables(): [string, string][] {
  return ofImage('ENV').flatMap((rest) =>
    [...rest.matchAll(/(\w+)=(\S+)/g)].map(([, name = '', value = '']): [string, string] => [name, value]),
  );
}

function bytes(size: string): number {
  const [, amount, unit = ''] = /^(\d+)([kmg]?)$/.exec(size) ?? [];
  return Number(amount) * 1024 ** ['', 'k', 'm', 'g'].indexOf(unit);
}

describe('compose.yaml', () => {
  it('has every role but the one that is all in one', () => {
    const roles = ofTurntable.map(([, { command }]) => roleOf(command));
    expect([...new Set(roles)].sort()).toEqual(['controller', 'gateway', 'worker']);
  });

  it.each(ofTurntable)('%s is started with settings of its role, of values that it takes', (_, service) => {
    const role = roleOf(service.command);
    const settings = settingsOf(role);
    const variables = [...settings.keys()].map(environmentName);
    for (const name of Object.keys(service.environment ?? {})) {
      if (name.startsWith('TURNTABLE_')) expect([...variables, ...OTHER_VARIABLES]).toContain(name);
    }
    const flags = [...settings.keys()].map(flagName);
    for (const flag of service.command.filter((argument) => argument.startsWith('--'))) {
      expect([...flags, ...(OTHER_FLAGS[role] ?? [])]).toContain(flag);
    }
    const config = loadConfig(role, {}, environmentOf(service));
    expect(config.table).toMatch(/^redis:\/\/:secret@redis:\d+$/);
    if ('host' in config) expect(config.host).toBe('0.0.0.0');
  });

  it.each(ofTurntable)('%s is asked for its health as what it is, and where it is', (_, service) => {
    expect(service.healthcheck?.test).toEqual(['CMD', 'turntable', 'health', service.command[0]]);
    const config = loadConfig(roleOf(service.command), {}, environmentOf(service));
    if ('port' in config) expect(config.port).toBeGreaterThan(0);
  });

  it.each(ofTurntable)('%s has more time to stop than it takes to drain', (_, service) => {
    const { drainMs } = loadConfig(roleOf(service.command), {}, environmentOf(service));
    const graceMs = 1000 * Number(/^(\d+)s$/.exec(service.stop_grace_period ?? '')?.[1]);
    // What leaving the table may take comes on top.
    expect(graceMs).toBeGreaterThanOrEqual(drainMs + 5_000);
  });

  it.each(ofTurntable)('%s holds fewer request bodies than it may have memory', (_, service) => {
    const config = loadConfig(roleOf(service.command), {}, environmentOf(service));
    if (!('maxBufferedBytes' in config)) return;
    expect(config.maxBufferedBytes).toBeLessThanOrEqual(bytes(service.mem_limit ?? '') / 2);
  });

  it.each(services)('%s is restarted, watched, bounded, and can do little', (_, service) => {
    expect(service).toMatchObject({
      restart: 'unless-stopped',
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
    expect(service.healthcheck?.test.length).toBeGreaterThan(1);
    expect(bytes(service.mem_limit ?? '')).toBeGreaterThan(0);
    expect(service.cpus).toBeGreaterThan(0);
    expect(service.pids_limit).toBeGreaterThan(0);
    for (const volume of service.volumes ?? []) expect(volume).toMatch(/:ro$/);
  });

  it.each(services)('%s does not run as root', (_, { image, user }) => {
    if (user === undefined) expect(interpolated(image ?? '')).toBe('turntable');
    else expect(user).toMatch(/^[1-9]\d*:[1-9]\d*$/);
  });

  it('shows the network the gateways alone, and them to this machine unless told otherwise', () => {
    expect(compose.networks.back?.internal).toBe(true);
    for (const [, { command, networks, ports = [] }] of services) {
      if (command[0] !== 'gateway') expect([networks, ports]).toEqual([['back'], []]);
      for (const port of ports) expect(interpolated(port)).toMatch(/^127\.0\.0\.1:\d+:8080$/);
    }
  });

  it('has all that may be set in .env.example, and no secret of its own', () => {
    const used = new Set([...composeText.matchAll(/\$\{(\w+)/g)].map(([, name]) => name));
    const example = read('deploy/.env.example');
    const shown = [...example.matchAll(/^#?([A-Z_]+)=/gm)].map(([, name]) => name);
    expect(shown.sort()).toEqual([...used].sort());
    expect(example).toMatch(/^REDIS_PASSWORD=$/m);
    expect(composeText).toMatch(/\$\{REDIS_PASSWORD:\?/);
  });

  it('does not keep an old table, and evicts nothing', () => {
    const script = compose.services.redis?.command.at(-1) ?? '';
    expect(script).toMatch(/^exec redis-server/);
    for (const line of ['save ""', 'appendonly no', 'maxmemory-policy noeviction']) {
      expect(script).toContain(`${line}\n`);
    }
    const maxmemory = /^maxmemory (\d+[km])b$/m.exec(script)?.[1] ?? '';
    expect(bytes(maxmemory)).toBeLessThan(bytes(compose.services.redis?.mem_limit ?? ''));
  });
});

describe('Dockerfile', () => {
  it('builds upon the Node that package.json pins', () => {
    const { devDependencies, version } = JSON.parse(read('package.json'));
    const defaults = dockerfile.filter(([instruction]) => instruction === 'ARG').map(([, rest]) => rest);
    expect(defaults).toContain(`NODE_IMAGE=node:${devDependencies.node}-bookworm-slim`);
    expect(defaults).toContain(`VERSION=${version}`);
    for (const [, base] of dockerfile.filter(([instruction]) => instruction === 'FROM')) {
      // biome-ignore lint/suspicious/noTemplateCurlyInString: as Docker writes it
      expect(base.split(' ')[0]).toBe('${NODE_IMAGE}');
    }
  });

  it('copies what is there, and .dockerignore lets through', () => {
    const let_through = read('.dockerignore').matchAll(/^!(.+)$/gm);
    const allowed = [...let_through].map(([, path]) => path);
    const copied = dockerfile
      .filter(([instruction, rest]) => instruction === 'COPY' && !rest.startsWith('--from='))
      .flatMap(([, rest]) => rest.split(' ').slice(0, -1));
    expect(copied.length).toBeGreaterThan(0);
    for (const path of copied) {
      expect(existsSync(new URL(`../../${path}`, import.meta.url)), path).toBe(true);
    }
    expect([...new Set(copied)].sort()).toEqual(allowed.sort());
  });

  it('does not run as root', () => {
    expect(ofImage('USER')).toEqual(['10001:10001']);
  });

  it('has the process take signals itself, without a shell in between', () => {
    expect(ofImage('STOPSIGNAL')).toEqual(['SIGTERM']);
    const { bin } = JSON.parse(read('package.json'));
    expect(ofImage('ENTRYPOINT')).toEqual([
      JSON.stringify(['node', `/app/${bin.turntable}`]).replace(',', ', '),
    ]);
    const [role] = JSON.parse(ofImage('CMD')[0] ?? '');
    expect(role).toBe('serve');
  });

  it('sets what is a setting', () => {
    const names = imageVariables().map(([name]) => name);
    const settings = ROLES.flatMap((role) => [...settingsOf(role).keys()].map(environmentName));
    expect(names).toContain('TURNTABLE_HOST');
    for (const name of names) if (name.startsWith('TURNTABLE_')) expect(settings).toContain(name);
  });

  it('has a health check', () => {
    const [check = ''] = ofImage('HEALTHCHECK');
    expect(JSON.parse(check.slice(check.indexOf('CMD') + 3)).slice(2)).toEqual(['health', 'gateway']);
  });
});
