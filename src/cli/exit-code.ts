/** Exit codes of the commands; they are part of the interface and do not change. */
export const EXIT = {
  ok: 0,
  /** It was tried and failed: the server refused, a model failed. */
  failed: 1,
  /** The command line or the configuration is wrong. */
  usage: 2,
  /** The server cannot be reached. */
  unreachable: 3,
} as const;
