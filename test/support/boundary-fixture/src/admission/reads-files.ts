/** Deliberately wrong: pure code does I/O. */
export { readFileSync } from 'node:fs';
