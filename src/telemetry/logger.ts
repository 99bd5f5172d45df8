/** Structured logs: JSON lines on standard error, or lines for people where standard error is a terminal. */
import { type Logger, pino, stdTimeFunctions } from 'pino';
import pretty from 'pino-pretty';

export type { Logger };

/**
 * A logger. `TURNTABLE_LOG_LEVEL` (trace … fatal, silent) and `TURNTABLE_LOG_FORMAT` (json, text) set it, as they
 * are inherited by worker processes.
 */
export function createLogger(env: NodeJS.ProcessEnv = process.env): Logger {
  const level = env.TURNTABLE_LOG_LEVEL ?? 'info';
  const format = env.TURNTABLE_LOG_FORMAT ?? (process.stderr.isTTY ? 'text' : 'json');
  const options = {
    level,
    base: { pid: process.pid },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  if (format === 'text') {
    return pino(
      options,
      pretty({ destination: 2, sync: true, ignore: 'pid', translateTime: 'SYS:HH:MM:ss.l' }),
    );
  }
  return pino(options, pino.destination({ dest: 2, sync: true }));
}
