/** Deliberately wrong: the gateway imports control. */
export const gateway = 1;
export { imports } from '../control/cycle-a.ts';
