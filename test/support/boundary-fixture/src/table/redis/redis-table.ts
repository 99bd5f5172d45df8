/** Stands for an implementation of the table. */
export const redisTable = 1;
