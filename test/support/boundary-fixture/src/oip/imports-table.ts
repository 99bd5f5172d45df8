/** Deliberately wrong: shared vocabulary imports a part. */
export { memoryTable } from '../table/memory/memory-table.ts';
