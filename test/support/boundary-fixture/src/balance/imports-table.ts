/** Deliberately wrong: balance imports the table. */
export { memoryTable } from '../table/memory/memory-table.ts';
