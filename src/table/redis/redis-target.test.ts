/** The URL of a table on Redis says where it is, and what is wrong with it, but never a password. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  displayTarget,
  formatRedisUrl,
  parseRedisUrl,
  type RedisTarget,
  TableUrlError,
} from './redis-target.ts';

describe('what the URLs mean', () => {
  it.each<[string, RedisTarget]>([
    ['redis://redis', { kind: 'single', address: { host: 'redis', port: 6379 }, db: 0 }],
    ['redis://[::1]:7000/2', { kind: 'single', address: { host: '::1', port: 7000 }, db: 2 }],
    [
      'redis://:p%40ss@10.0.0.1',
      { kind: 'single', address: { host: '10.0.0.1', port: 6379 }, db: 0, credentials: { password: 'p@ss' } },
    ],
    [
      'rediss://user:password@redis/?ca=/etc/ca.pem&servername=table',
      {
        kind: 'single',
        address: { host: 'redis', port: 6379 },
        db: 0,
        credentials: { username: 'user', password: 'password' },
        tls: { ca: '/etc/ca.pem', servername: 'table' },
      },
    ],
    ['rediss://redis', { kind: 'single', address: { host: 'redis', port: 6379 }, db: 0, tls: {} }],
    ['redis+unix:///run/redis.sock?db=3', { kind: 'single', address: { path: '/run/redis.sock' }, db: 3 }],
    [
      'redis+unix://:secret@/run/a%20b.sock',
      { kind: 'single', address: { path: '/run/a b.sock' }, db: 0, credentials: { password: 'secret' } },
    ],
    [
      'redis+sentinel://u:p@s1,s2:26380/mymaster/4?sentinel_password=q',
      {
        kind: 'sentinel',
        sentinels: [
          { host: 's1', port: 26379 },
          { host: 's2', port: 26380 },
        ],
        masterName: 'mymaster',
        db: 4,
        credentials: { username: 'u', password: 'p' },
        sentinelCredentials: { password: 'q' },
      },
    ],
    [
      'rediss+cluster://n1,n2:7001?cert=/c.pem&key=/k.pem',
      {
        kind: 'cluster',
        nodes: [
          { host: 'n1', port: 6379 },
          { host: 'n2', port: 7001 },
        ],
        tls: { cert: '/c.pem', key: '/k.pem' },
      },
    ],
  ])('%s', (url, target) => {
    expect(parseRedisUrl(url)).toEqual(target);
  });
});

describe('what is wrong', () => {
  it.each([
    ['http://hunter2@host', /must be one of redis:\/\/, rediss:\/\//],
    ['redis:hunter2', /must be one of/],
    ['redis://user:hunter2#x@host', /must be one of/],
    ['redis://user:a@hunter2@host', /percent-encoded/],
    ['redis://user:hunter2/x@host', /percent-encoded/],
    ['redis://user:1/hunter2@host', /percent-encoded/],
    ['redis://user:hunter2?x@host', /percent-encoded/],
    ['redis://user:%hunter2@host', /%25/],
    ['redis://:hunter2@', /hosts/],
    ['redis://:hunter2@a,b', /one host/],
    ['redis://:hunter2@a:0', /ports from 1/],
    ['redis://:hunter2@[1.2.3.4]', /hosts/],
    ['redis://:hunter2@host/x', /db/],
    ['redis://:hunter2@host?ca=/x', /expected none/],
    ['rediss://:hunter2@host?insecure', /expected each of ca, cert, key, servername/],
    ['rediss://:hunter2@host?ca=/a&ca=/b', /at most once/],
    ['rediss://:hunter2@host?cert=/a', /both cert and key/],
    ['redis+unix://hunter2', /three slashes/],
    ['redis+unix:///', /path of a socket/],
    [`redis+unix:///${'x'.repeat(200)}`, /at most 107 bytes/],
    ['redis+sentinel://:hunter2@host', /master/],
    ['redis+sentinel://:hunter2@host/a/b', /master/],
    ['redis+cluster://:hunter2@host/1', /no db/],
    [`redis://:hunter2@${'h,'.repeat(70)}h`, /more than 64/],
    [`redis://:hunter2@${'h'.repeat(5_000)}`, /longer than/],
  ])('%s', (url, message) => {
    const parse = () => parseRedisUrl(url);
    expect(parse).toThrow(TableUrlError);
    expect(parse).toThrow(message);
    expect(parse).not.toThrow(/hunter2/);
  });

  it('is said of any text, with no other error', () => {
    const part = fc.constantFrom(
      'redis',
      's',
      '+sentinel',
      '+cluster',
      '+unix',
      '://',
      ':',
      '@',
      '/',
      '?',
      '%',
      ',',
      'ca=',
      '[',
      ']',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(part, fc.string()), { maxLength: 12 }), (parts) => {
        try {
          parseRedisUrl(parts.join(''));
        } catch (error) {
          expect(error).toBeInstanceOf(TableUrlError);
        }
      }),
    );
  });
});

describe('any target', () => {
  // Only passwords have the mark that they are looked for by.
  const text = fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
    .filter((one) => !one.includes('\u2620'));
  const password = text.map((one) => `\u2620${one}`);
  const name = fc.stringMatching(/^[A-Za-z0-9._-]{1,20}$/);
  const host = fc.record({
    host: fc.oneof(name, fc.ipV4(), fc.ipV6()),
    port: fc.integer({ min: 1, max: 65_535 }),
  });
  const hosts = fc.array(host, { minLength: 1, maxLength: 5 });
  const credentials = fc.oneof(
    fc.record({ username: text, password: fc.oneof(password, fc.constant('')) }),
    fc.record({ password }),
  );
  const tls = fc.oneof(
    fc.record({ ca: text, servername: text }, { requiredKeys: [] }),
    fc.record({ cert: text, key: text }),
  );
  const db = fc.nat(99_999);
  const optional = { requiredKeys: ['kind', 'address', 'db'] as ('kind' | 'address' | 'db')[] };
  const path = fc
    .array(text, { minLength: 1, maxLength: 3 })
    .map((parts) => ({ path: `/${parts.join('/')}` }));
  const target: fc.Arbitrary<RedisTarget> = fc.oneof(
    fc.record({ kind: fc.constant('single'), address: host, db, credentials, tls }, optional),
    fc
      .record({ kind: fc.constant('single'), address: path, db, credentials }, optional)
      .filter(({ address }) => Buffer.byteLength(address.path) <= 107 && !address.path.includes('\0')),
    fc.record(
      {
        kind: fc.constant('sentinel'),
        sentinels: hosts,
        masterName: name,
        db,
        credentials,
        sentinelCredentials: credentials,
        tls,
      },
      { requiredKeys: ['kind', 'sentinels', 'masterName', 'db'] },
    ),
    fc.record(
      { kind: fc.constant('cluster'), nodes: hosts, credentials, tls },
      { requiredKeys: ['kind', 'nodes'] },
    ),
  );

  it('is what its own URL means', () => {
    fc.assert(
      fc.property(target, (one) => {
        expect(parseRedisUrl(formatRedisUrl(one))).toEqual(one);
      }),
    );
  });

  it('is shown without its passwords', () => {
    fc.assert(
      fc.property(target, (one) => {
        const shown = displayTarget(one);
        expect(shown).not.toContain('\u2620');
        expect(shown).not.toContain(encodeURIComponent('\u2620'));
      }),
    );
    expect(displayTarget(parseRedisUrl('redis://u:hunter2@host'))).toBe('redis://u:***@host:6379');
  });
});
