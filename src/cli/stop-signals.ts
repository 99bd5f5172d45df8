/** What SIGTERM and Ctrl-C do to a process of ours: they end it in order, and a second one at once. */
import type { Logger } from '../telemetry/logger.ts';
import { EXIT } from './exit-code.ts';

/**
 * @param stop finishes what is under way; the process exits when it resolves
 * @returns the same without a signal, for when something is wrong: the process exits with the code given, also when it was
 *   ending already
 */
export function onStopSignals(log: Logger, stop: () => Promise<void>): (exitCode: number) => void {
  let stopping = false;
  let exitCode: number = EXIT.ok;
  const end = async () => {
    stopping = true;
    try {
      await stop();
    } catch (error) {
      log.error({ err: error }, 'shutting down failed');
      process.exit(EXIT.failed);
    }
    process.exit(exitCode);
  };
  const onSignal = (signal: NodeJS.Signals) => {
    // A second signal says that somebody does not want to wait.
    if (stopping) process.exit(EXIT.failed);
    log.info({ signal }, 'shutting down: finishing what is under way');
    void end();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  return (code) => {
    exitCode = code;
    if (!stopping) void end();
  };
}
