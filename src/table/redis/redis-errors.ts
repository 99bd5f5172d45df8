/** The two ways in which Redis fails us: it is not there, or it is there and says no. */
import { ReplyError } from 'ioredis';
import { TurntableError } from '../../turntable-error.ts';

/** There is no answer: whether the command was carried out is unknown, unless it was rejected at once. */
export class TableAwayError extends TurntableError<'TABLE_AWAY'> {
  readonly reason: string;

  constructor(reason: string, options?: { cause?: unknown }) {
    super('TABLE_AWAY', `the table is away: ${reason}`, options);
    this.reason = reason;
  }

  /** What all that were asked failed with, each reason once. */
  static ofSeveral(errors: readonly unknown[]): TableAwayError {
    const cause = new AggregateError(errors);
    return new TableAwayError(reasonOf(cause), { cause });
  }
}

/** The server answered with an error. */
export class TableRefusedError extends TurntableError<'TABLE_REFUSED'> {
  /** The first word of the answer, such as `OOM` or `READONLY`; `ERR` where the server says no more. */
  readonly reply: string;

  constructor(message: string, options?: { cause?: unknown }) {
    super('TABLE_REFUSED', message, options);
    this.reply = replyCode(message);
  }

  /** Whether another server, or this one later, is to be asked rather than this connection again. */
  get isOfConnection(): boolean {
    return OF_CONNECTION.has(this.reply);
  }
}

const OF_CONNECTION = new Set([
  'READONLY', // A master that was demoted.
  'UNBLOCKED', // The same, said to a command that was waiting.
  'LOADING',
  'MASTERDOWN',
  'CLUSTERDOWN',
  'MOVED', // Our slot went to another node: it is looked for again rather than followed.
  'NOAUTH',
  'WRONGPASS',
]);

/** Redis 6 wraps what a command within a script was refused with; Redis 7 answers with that itself. */
const WITHIN_SCRIPT = /^ERR Error running script \(.*?: -([A-Z]+) /;

function replyCode(message: string): string {
  return WITHIN_SCRIPT.exec(message)?.[1] ?? /^([A-Z][A-Z0-9]*)(?: |$)/.exec(message)?.[1] ?? 'ERR';
}

/** What the library rejected a command with, as the error that we give. */
export function toTableError(error: unknown): TableAwayError | TableRefusedError {
  if (error instanceof TableRefusedError || error instanceof TableAwayError) return error;
  if (error instanceof ReplyError) return new TableRefusedError((error as Error).message, { cause: error });
  return new TableAwayError(reasonOf(error), { cause: error });
}

/** One line for people. A connection tried at several addresses fails with an aggregate that says nothing itself. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) {
    return [...new Set(error.errors.map((one) => reasonOf(one)))].join('; ');
  }
  if (error instanceof TableAwayError) return error.reason;
  if (error instanceof Error)
    return error.message || String((error as NodeJS.ErrnoException).code ?? error.name);
  return String(error);
}

/** Whether it is for want of the right user and password: waiting will not help a process that starts. */
export function isOfCredentials(reason: string): boolean {
  return /\b(WRONGPASS|NOAUTH)\b/.test(reason);
}
