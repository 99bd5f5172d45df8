/** Deliberately wrong: channel imports the gateway. */
export { gateway } from '../gateway/gateway.ts';
