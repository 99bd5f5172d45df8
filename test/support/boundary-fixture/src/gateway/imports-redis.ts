/** Deliberately wrong: the Redis client outside its corner. */
export { Redis } from 'ioredis';
