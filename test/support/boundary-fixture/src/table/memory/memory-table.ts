/** Deliberately wrong: imported by others. */
export const memoryTable = 1;
