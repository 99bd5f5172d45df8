/** Deliberately wrong: the table imports balance. */
export { memoryTable } from '../balance/imports-table.ts';
