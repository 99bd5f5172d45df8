/** Flags come before the environment, the environment before defaults, and what is wrong is named as it was given. */
import { describe, expect, it } from 'vitest';
import { ConfigError, environmentName, flagName, loadConfig } from './load-config.ts';

describe('loadConfig', () => {
  it('has defaults that work', () => {
    expect(loadConfig({}, {})).toMatchObject({
      port: 8080,
      host: '127.0.0.1',
      replicas: 2,
      accessLog: false,
    });
  });

  it('takes flags before the environment, and an empty variable for none', () => {
    const env = { TURNTABLE_PORT: '9000', TURNTABLE_REPLICAS: '3', TURNTABLE_HOST: '' };
    expect(loadConfig({ port: '9001' }, env)).toMatchObject({ port: 9001, replicas: 3, host: '127.0.0.1' });
    expect(loadConfig({}, { TURNTABLE_ACCESS_LOG: 'true' }).accessLog).toBe(true);
  });

  it('names every wrong setting, where it came from and what was expected', () => {
    const wrong = () => loadConfig({ port: '99999', replicas: 'many' }, { TURNTABLE_ACCESS_LOG: 'maybe' });
    expect(wrong).toThrow(ConfigError);
    expect(wrong).toThrow('--port is "99999"; expected a whole number from 0 to 65535');
    expect(wrong).toThrow('--replicas is "many"');
    expect(wrong).toThrow('TURNTABLE_ACCESS_LOG is "maybe"; expected true or false');
    for (const port of ['-1', '1.5', '0x10', '1e3', '', ' ']) {
      expect(() => loadConfig({ port }, {}), port).toThrow(ConfigError);
    }
  });

  it('spells flags and variables after the setting', () => {
    expect(flagName('maxBodyBytes')).toBe('--max-body-bytes');
    expect(environmentName('maxBodyBytes')).toBe('TURNTABLE_MAX_BODY_BYTES');
  });
});
