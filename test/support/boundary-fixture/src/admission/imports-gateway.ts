/** Deliberately wrong: admission imports the gateway. */
export { gateway } from '../gateway/gateway.ts';
