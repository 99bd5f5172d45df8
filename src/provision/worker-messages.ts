/** What a worker's child process and the process that started it say over their IPC channel. */
import type { WorkerSettings } from '../config/worker-settings.ts';
import type { WorkerEvent } from './provisioner.ts';

/** From parent to child, first and once. */
export interface StartMessage {
  readonly type: 'start';
  readonly settings: WorkerSettings;
}

/** From child to parent. */
export type ChildMessage = Exclude<WorkerEvent, { type: 'exited' }>;

const CHILD_MESSAGES: ReadonlySet<string> = new Set<ChildMessage['type']>([
  'registered',
  'ready',
  'heartbeat',
  'draining',
  'failed',
]);

export function isChildMessage(message: unknown): message is ChildMessage {
  return (
    typeof message === 'object' &&
    message !== null &&
    'type' in message &&
    typeof message.type === 'string' &&
    CHILD_MESSAGES.has(message.type)
  );
}
