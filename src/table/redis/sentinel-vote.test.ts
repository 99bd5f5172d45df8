/** A Sentinel that lags, is frozen or is dead does not decide who the master is, unless it is all there is. */
import { expect, it } from 'vitest';
import { TableAwayError } from './redis-errors.ts';
import { takeVote } from './sentinel-vote.ts';

const sentinels = ['a', 'b', 'c'].map((host) => ({ host, port: 26_379 }));
const old = { host: 'old', port: 1 };
const now = { host: 'now', port: 2 };
const silent = new Promise<never>(() => {});

function vote(answers: Record<string, object>) {
  return takeVote(sentinels, async ({ host }) => {
    const answer = await (answers[host] as never);
    if ((answer as unknown) instanceof Error) throw answer;
    return answer;
  });
}

it('believes the majority, whoever answers first', async () => {
  expect(await vote({ a: old, b: now, c: now })).toEqual({ master: now, isMajority: true });
});

it('does not wait for a frozen one when the others agree', async () => {
  expect(await vote({ a: silent, b: now, c: now })).toEqual({ master: now, isMajority: true });
});

it('takes what there is when most are dead, and says that it is no majority', async () => {
  expect(await vote({ a: new Error('dead'), b: now, c: new Error('dead') })).toEqual({
    master: now,
    isMajority: false,
  });
});

it('says what each said when none knows a master', async () => {
  const failing = vote({ a: new Error('dead'), b: new Error('lost'), c: new Error('dead') });
  await expect(failing).rejects.toThrow(TableAwayError);
  await expect(failing).rejects.toThrow('the table is away: dead; lost');
});
