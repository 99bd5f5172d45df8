/** Deliberately wrong: provision imports the table. */
export { memoryTable } from '../table/memory/memory-table.ts';
