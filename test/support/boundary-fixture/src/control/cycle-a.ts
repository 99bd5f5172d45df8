/** Deliberately wrong: half of a cycle. */
export { b } from './cycle-b.ts';
export const imports = 1;
