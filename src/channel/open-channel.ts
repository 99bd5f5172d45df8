/** Opens a channel of the kind that an endpoint's scheme names. */
import type { Channel, ChannelState } from './channel.ts';
import { isHttpEndpoint } from './endpoint.ts';
import { HttpChannel } from './http-channel.ts';
import { TurntableChannel } from './turntable-channel.ts';

export interface OpenChannelOptions {
  readonly endpoint: string;
  readonly id_worker: string;
  readonly id_model: string;
  /** How this end calls itself. */
  readonly name: string;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly onStateChange: (state: ChannelState, reason: string) => void;
}

/** Of a server that is not ours; our own workers' answers are as long as their models make them. */
const MAX_ANSWER_BYTES = 1024 * 1024 * 1024;

/** @throws EndpointError */
export function openChannel({ id_model, id_worker, name, ...options }: OpenChannelOptions): Channel {
  return isHttpEndpoint(options.endpoint)
    ? new HttpChannel({ ...options, id_model, maxAnswerBytes: MAX_ANSWER_BYTES })
    : new TurntableChannel({ ...options, id_worker, name });
}
