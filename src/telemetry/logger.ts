/** Structured logs: JSON lines on standard error, or lines for people where standard error is a terminal. */
import { createRequire } from 'node:module';
import { type Logger, pino, stdTimeFunctions } from 'pino';
import type { PinoPretty as prettyFactory } from 'pino-pretty';

import { ConfigError } from '../config/load-config.ts';

export type { Logger };

const LEVELS: readonly string[] = [...Object.values(pino.levels.labels), 'silent'];
const FORMATS: readonly string[] = ['json', 'text'];

/**
 * A logger. `TURNTABLE_LOG_LEVEL` (trace … fatal, silent) and `TURNTABLE_LOG_FORMAT` (json, text) set it, as they
 * are inherited by worker processes.
 * @throws ConfigError when one of them is set to something else
 */
export function createLogger(env: NodeJS.ProcessEnv = process.env): Logger {
  const level = env.TURNTABLE_LOG_LEVEL ?? 'info';
  const format = env.TURNTABLE_LOG_FORMAT ?? (process.stderr.isTTY ? 'text' : 'json');
  if (!LEVELS.includes(level)) {
    throw new ConfigError(`TURNTABLE_LOG_LEVEL is "${level}"; expected ${LEVELS.join(', ')}`);
  }
  if (!FORMATS.includes(format)) {
    throw new ConfigError(`TURNTABLE_LOG_FORMAT is "${format}"; expected ${FORMATS.join(' or ')}`);
  }
  const options = {
    level,
    base: { pid: process.pid },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  if (format === 'text') {
    // Loaded only where somebody reads it.
    const pretty = createRequire(import.meta.url)('pino-pretty') as typeof prettyFactory;
    const stream = pretty({
      destination: 2,
      sync: true,
      singleLine: true,
      ignore: 'pid',
      translateTime: 'SYS:HH:MM:ss.l',
    });
    return pino(options, stream);
  }
  return pino(options, pino.destination({ dest: 2, sync: true }));
}
