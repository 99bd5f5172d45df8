/** What status and body of an answer over HTTP mean. */
import { describe, expect, it } from 'vitest';
import { readErrorAnswer, readJsonBytes } from './http-answer.ts';

const PROTOCOL_ERROR = [Buffer.from('{"error":"bad '), Buffer.from('shape"}')];

describe('an error answer', () => {
  it.each([
    [400, 'INVALID_REQUEST'],
    [404, 'INVALID_REQUEST'],
    [413, 'INVALID_REQUEST'],
    [415, 'INVALID_REQUEST'],
    [422, 'INVALID_REQUEST'],
    [401, 'INTERNAL'],
    [302, 'INTERNAL'],
    [500, 'INFERENCE_FAILED'],
    [502, 'INFERENCE_FAILED'],
    [504, 'DEADLINE_EXCEEDED'],
  ])('of status %i is %s, with the text of the server', (status, code) => {
    expect(readErrorAnswer(status, PROTOCOL_ERROR)).toEqual({ code, message: 'bad shape' });
  });

  it.each([429, 503])('of status %i says that the server is busy', (status) => {
    expect(readErrorAnswer(status, PROTOCOL_ERROR)).toBe('busy');
  });

  it.each([
    ['', 'the server answered 500'],
    ['<h1>Oops</h1>', '<h1>Oops</h1>'],
    ['{"detail":"oops"}', '{"detail":"oops"}'],
    ['{"error":7}', '{"error":7}'],
    ['null', 'null'],
    [`{"error":"${'x'.repeat(5_000)}"}`, 'x'.repeat(1_000)],
  ])('with the body %j is told as far as it can be', (body, message) => {
    expect(readErrorAnswer(500, [Buffer.from(body)])).toMatchObject({ message });
  });
});

it('takes only a length of JSON that the body can hold', () => {
  expect(readJsonBytes(undefined, 10)).toBeUndefined();
  expect(readJsonBytes('10', 10)).toBe(10);
  for (const wrong of ['11', '-1', 'ten', '1.5', '']) expect(readJsonBytes(wrong, 10), wrong).toBeNaN();
});
