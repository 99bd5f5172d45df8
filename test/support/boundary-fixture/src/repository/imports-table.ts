/** Deliberately wrong: the repository imports the table. */
export { memoryTable } from '../table/memory/memory-table.ts';
