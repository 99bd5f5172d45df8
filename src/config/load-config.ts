/** The one loader of configuration, whatever the role: flags first, then the environment, then defaults. */
import { TurntableError } from '../turntable-error.ts';
import { type Role, type RoleConfig, type Setting, settingsOf } from './server-config.ts';

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
 * The settings of a role.
 * @param flags what the command line says; undefined where it says nothing
 * @throws ConfigError that names each wrong setting as it was given, and what was expected
 */
export function loadConfig<R extends Role>(
  role: R,
  flags: Readonly<Record<string, unknown>>,
  env: NodeJS.ProcessEnv,
): RoleConfig<R> {
  const config: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [key, setting] of settingsOf(role)) {
    const variable = environmentName(key);
    const fromFlag = flags[key] !== undefined;
    const given = fromFlag ? flags[key] : env[variable];
    // An empty variable is how a shell says that there is none.
    if (given === undefined || (!fromFlag && given === '')) {
      config[key] = setting.default;
      continue;
    }
    const value = read(setting, given);
    if (value === undefined) {
      problems.push(`${fromFlag ? flagName(key) : variable} is "${given}"; expected ${expected(setting)}`);
    }
    config[key] = value;
  }
  if (problems.length > 0) throw new ConfigError(problems.join('\n'));
  // Every key of the role has just been given a value of its kind.
  return config as unknown as RoleConfig<R>;
}

function read(setting: Setting, given: unknown): string | number | boolean | undefined {
  const text = String(given).trim();
  switch (setting.kind) {
    case 'integer': {
      const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
      return value >= setting.least && value <= setting.most ? value : undefined;
    }
    case 'boolean':
      if (/^(true|1|yes|on)$/i.test(text)) return true;
      return /^(false|0|no|off)$/i.test(text) ? false : undefined;
    case 'choice':
      return setting.choices.includes(text) ? text : undefined;
    case 'text':
      if (text === '') return setting.default === '' ? '' : undefined;
      return setting.form?.pattern.test(text) === false ? undefined : text;
  }
}

function expected(setting: Setting): string {
  switch (setting.kind) {
    case 'integer': {
      const unit = setting.unit === 'number' ? '' : ` (${setting.unit})`;
      return `a whole number from ${setting.least} to ${setting.most}${unit}`;
    }
    case 'boolean':
      return 'true or false';
    case 'choice':
      return `one of ${setting.choices.join(', ')}`;
    case 'text':
      return setting.form?.expected ?? setting.unit;
  }
}
