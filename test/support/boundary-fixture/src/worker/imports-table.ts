/** Deliberately wrong: the worker imports the table. */
export { memoryTable } from '../table/memory/memory-table.ts';
