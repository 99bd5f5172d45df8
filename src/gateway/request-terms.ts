/** What a client may ask for by header: how long it waits, and how important its request is. */
import { PRIORITIES } from '../admission/waiting-queue.ts';
import { PRIORITY_HEADER, type RequestHeaders, TIMEOUT_HEADER } from './request-headers.ts';

/** Where a request says nothing of it: there is room above and below. The numbers are those of RFC 9218. */
const DEFAULT_PRIORITY = 3;
/** As much of a wrong value as an error repeats. */
const MAX_SHOWN = 40;

/**
 * The time that a request has, milliseconds; undefined when its header is wrong.
 * @param byDefault where it says nothing @param most that it may ask for
 */
export function timeoutOf(headers: RequestHeaders, byDefault: number, most: number): number | undefined {
  const { timeout } = headers;
  return timeout === undefined ? byDefault : wholeNumber(timeout, 1, most);
}

/** From 0, most important, to 7; undefined when its header is wrong. */
export function priorityOf({ priority }: RequestHeaders): number | undefined {
  return priority === undefined ? DEFAULT_PRIORITY : wholeNumber(priority, 0, PRIORITIES - 1);
}

/** What a client is told whose headers these functions do not understand. */
export function termsFault(headers: RequestHeaders, most: number): string {
  const wrong =
    timeoutOf(headers, 1, most) === undefined
      ? { name: TIMEOUT_HEADER, given: headers.timeout, expected: `milliseconds, from 1 to ${most}` }
      : {
          name: PRIORITY_HEADER,
          given: headers.priority,
          expected: `0 (most important) to ${PRIORITIES - 1}`,
        };
  const given = wrong.given ?? '';
  const shown = given.length > MAX_SHOWN ? `${given.slice(0, MAX_SHOWN)}…` : given;
  return `${wrong.name} is "${shown}"; expected a whole number: ${wrong.expected}`;
}

function wholeNumber(text: string, least: number, most: number): number | undefined {
  if (!/^\d{1,15}$/.test(text)) return undefined;
  const value = Number(text);
  return value >= least && value <= most ? value : undefined;
}
