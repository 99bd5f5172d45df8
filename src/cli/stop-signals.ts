/** What SIGTERM and Ctrl-C do to a process of ours: they end it in order, and a second one at once. */
import type { Logger } from '../telemetry/logger.ts';
import { EXIT } from './exit-code.ts';

/** @param stop finishes what is under way; the process exits when it resolves */
export function onStopSignals(log: Logger, stop: () => Promise<void>): void {
  let stopping = false;
  const onSignal = async (signal: NodeJS.Signals) => {
    // A second signal says that somebody does not want to wait.
    if (stopping) process.exit(EXIT.failed);
    stopping = true;
    log.info({ signal }, 'shutting down: finishing what is under way');
    try {
      await stop();
    } catch (error) {
      log.error({ err: error }, 'shutting down failed');
      process.exit(EXIT.failed);
    }
    process.exit(EXIT.ok);
  };
  process.on('SIGTERM', (signal) => void onSignal(signal));
  process.on('SIGINT', (signal) => void onSignal(signal));
}
