/** The one loader of the server's configuration: flags first, then the environment, then defaults. */
import { z } from 'zod';
import { TurntableError } from '../turntable-error.ts';
import { type ServerConfig, serverConfigSchema } from './server-config.ts';

export class ConfigError extends TurntableError<'CONFIG'> {
  constructor(message: string) {
    super('CONFIG', message);
  }
}

/** `maxBodyBytes` → `TURNTABLE_MAX_BODY_BYTES` */
export function environmentName(key: string): string {
  return `TURNTABLE_${key.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** `maxBodyBytes` → `--max-body-bytes` */
export function flagName(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/**
 * @param flags what the command line says; undefined where it says nothing
 * @throws ConfigError that names each wrong setting, where it came from and what was expected
 */
export function loadConfig(flags: Readonly<Record<string, unknown>>, env: NodeJS.ProcessEnv): ServerConfig {
  const given: Record<string, unknown> = {};
  const sources: Record<string, string> = {};
  for (const key of Object.keys(serverConfigSchema.shape)) {
    const variable = environmentName(key);
    if (flags[key] !== undefined) {
      given[key] = flags[key];
      sources[key] = flagName(key);
    } else if (env[variable] !== undefined && env[variable] !== '') {
      given[key] = env[variable];
      sources[key] = variable;
    }
  }
  const result = z.safeParse(serverConfigSchema, given);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => {
    const key = String(issue.path[0]);
    return `${sources[key] ?? flagName(key)} ${JSON.stringify(given[key])}: ${issue.message}`;
  });
  throw new ConfigError(problems.join('\n'));
}
