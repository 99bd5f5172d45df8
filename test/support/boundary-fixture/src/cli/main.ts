/** Deliberately wrong: imported by others. */
export const main = 1;
