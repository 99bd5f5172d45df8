/** What a worker's child process and the process that started it say over their IPC channel. */
import type { WorkerSettings } from '../config/worker-settings.ts';
import type { WorkerIntroduction } from '../worker/presence.ts';

/** From parent to child, first and once. */
export interface StartMessage {
  readonly type: 'start';
  readonly settings: WorkerSettings;
}

/** What a child without a table of its own says of its presence, which its parent writes for it. */
export type PresenceMessage =
  | { readonly type: 'registered'; readonly introduction: WorkerIntroduction }
  | { readonly type: 'ready' }
  | { readonly type: 'heartbeat'; readonly rss_bytes: number }
  | { readonly type: 'draining' }
  | { readonly type: 'gone' };

/** From child to parent. */
export type ChildMessage = PresenceMessage | { readonly type: 'failed'; readonly reason: string };

const CHILD_MESSAGES: ReadonlySet<string> = new Set<ChildMessage['type']>([
  'registered',
  'ready',
  'heartbeat',
  'draining',
  'gone',
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
