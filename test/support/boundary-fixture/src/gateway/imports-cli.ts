/** Deliberately wrong: somebody imports cli. */
export { main } from '../cli/main.ts';
