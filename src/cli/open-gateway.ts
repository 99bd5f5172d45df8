/** Brings a gateway up as it was asked for: in this thread, or in several that share a port. */
import type { GatewayStart, RunningGateway } from './running-gateway.ts';

/** Each loads what it needs alone: the thread that only keeps the table needs no gateway. */
export async function openGateway(options: GatewayStart): Promise<RunningGateway> {
  if (options.config.gatewayThreads > 1) {
    const { GatewayThreads } = await import('./gateway-threads.ts');
    return new GatewayThreads(options);
  }
  const { createGateway } = await import('./create-gateway.ts');
  const gateway = createGateway(options);
  return {
    listen: (port, host) => gateway.listen(port, host),
    close: (limitMs) => gateway.close(limitMs),
    died: new Promise(() => {}),
  };
}
