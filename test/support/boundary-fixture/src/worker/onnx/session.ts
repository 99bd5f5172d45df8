/** Deliberately wrong: imported by others. */
export const session = 1;
