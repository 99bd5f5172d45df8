/** Flags come before the environment, the environment before defaults, and what is wrong is named as it was given. */
import { describe, expect, it } from 'vitest';
import { ConfigError, environmentName, flagName, loadConfig } from './load-config.ts';

describe('loadConfig', () => {
  it('has defaults that work', () => {
    expect(loadConfig('serve', {}, {})).toMatchObject({
      port: 8080,
      host: '127.0.0.1',
      replicas: 2,
      accessLog: false,
    });
  });

  it('takes flags before the environment, and an empty variable for none', () => {
    const env = { TURNTABLE_PORT: '9000', TURNTABLE_REPLICAS: '3', TURNTABLE_HOST: '' };
    expect(loadConfig('serve', { port: '9001' }, env)).toMatchObject({
      port: 9001,
      replicas: 3,
      host: '127.0.0.1',
    });
    expect(loadConfig('serve', {}, { TURNTABLE_ACCESS_LOG: 'true' }).accessLog).toBe(true);
  });

  it('names every wrong setting, where it came from and what was expected', () => {
    const wrong = () =>
      loadConfig('serve', { port: '99999', replicas: 'many' }, { TURNTABLE_ACCESS_LOG: 'maybe' });
    expect(wrong).toThrow(ConfigError);
    expect(wrong).toThrow('--port is "99999"; expected a whole number from 0 to 65535');
    expect(wrong).toThrow('--replicas is "many"');
    expect(wrong).toThrow('TURNTABLE_ACCESS_LOG is "maybe"; expected true or false');
    for (const port of ['-1', '1.5', '0x10', '1e3', '', ' ']) {
      expect(() => loadConfig('serve', { port }, {}), port).toThrow(ConfigError);
    }
  });

  it('gives each role its own settings, with defaults that fit it', () => {
    expect(Object.keys(loadConfig('worker', {}, {}))).toEqual([
      'table',
      'tablePrefix',
      'port',
      'host',
      'advertise',
      'weight',
      'maxBodyBytes',
      'heartbeatMs',
      'drainMs',
    ]);
    expect(loadConfig('worker', {}, {}).port).toBe(0);
    expect(loadConfig('gateway', {}, {}).port).toBe(8080);
    expect(loadConfig('gateway', {}, {})).not.toHaveProperty('replicas');
    expect(loadConfig('controller', {}, {})).not.toHaveProperty('port');
    const all = new Set(
      (['gateway', 'controller'] as const).flatMap((role) => Object.keys(loadConfig(role, {}, {}))),
    );
    expect(new Set(Object.keys(loadConfig('serve', {}, {})))).toEqual(all);
  });

  it('looks at nothing that is for another role', () => {
    expect(() => loadConfig('gateway', {}, { TURNTABLE_REPLICAS: 'many' })).not.toThrow();
  });

  it('takes only names that can be part of a key or an endpoint', () => {
    for (const tablePrefix of ['a{b}', 'a b', 'ä', 'x'.repeat(65)]) {
      expect(() => loadConfig('gateway', { tablePrefix }, {}), tablePrefix).toThrow(
        `--table-prefix is "${tablePrefix}"; expected 1 to 64 letters`,
      );
    }
    for (const advertise of ['http://me', 'me/there', 'a b', '[::1]']) {
      expect(() => loadConfig('worker', { advertise }, {}), advertise).toThrow('expected a host name');
    }
    expect(loadConfig('worker', { advertise: '' }, {}).advertise).toBe('');
    expect(loadConfig('controller', { workerHost: '::1' }, {}).workerHost).toBe('::1');
  });

  it('spells flags and variables after the setting', () => {
    expect(flagName('maxBodyBytes')).toBe('--max-body-bytes');
    expect(environmentName('maxBodyBytes')).toBe('TURNTABLE_MAX_BODY_BYTES');
  });
});
