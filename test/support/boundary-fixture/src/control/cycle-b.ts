/** Deliberately wrong: half of a cycle. */
export { imports } from './cycle-a.ts';
export const b = 1;
