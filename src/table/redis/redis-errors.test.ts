/** What the server answers is told apart by its first word, also where an old server wraps it. */
import { ReplyError } from 'ioredis';
import { expect, it } from 'vitest';
import { reasonOf, TableAwayError, TableRefusedError, toTableError } from './redis-errors.ts';

it.each([
  ["OOM command not allowed when used memory > 'maxmemory'. script: 1f, on @user_script:3.", 'OOM', false],
  ["READONLY You can't write against a read only replica.", 'READONLY', true],
  ['NOAUTH', 'NOAUTH', true],
  ["ERR unknown command 'X'", 'ERR', false],
  ['user_script:1: attempt to index a nil value', 'ERR', false],
  [
    'ERR Error running script (call to f_1f): @user_script:1: @user_script: 1: -MISCONF Errors writing to the AOF',
    'MISCONF',
    false,
  ],
])('%s', (message, reply, isOfConnection) => {
  expect(toTableError(new ReplyError(message))).toMatchObject({
    code: 'TABLE_REFUSED',
    message,
    reply,
    isOfConnection,
  });
});

it('takes what is no answer of the server for its absence', () => {
  const error = toTableError(new Error('Connection is closed.'));
  expect(error).toBeInstanceOf(TableAwayError);
  expect(error.code).toBe('TABLE_AWAY');
});

it('leaves an error alone that is ours already', () => {
  for (const error of [new TableAwayError('x'), new TableRefusedError('ERR x')])
    expect(toTableError(error)).toBe(error);
});

it('says of several failures each once', () => {
  const refused = new Error('connect ECONNREFUSED ::1:6379');
  expect(reasonOf(new AggregateError([refused, refused, new TableAwayError('frozen')]))).toBe(
    'connect ECONNREFUSED ::1:6379; frozen',
  );
});
