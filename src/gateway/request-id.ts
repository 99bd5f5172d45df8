/** Request ids: the client's own where it sent a sane one, else one of ours. */

const LONGEST = 128;
/** Visible ASCII without quotes and backslash: safe in headers, logs and shells. */
const SANE = /^[!#-[\]-~]+$/;

export class RequestIds {
  readonly #prefix: string;
  #next = 0;

  /** @param prefix makes ids of different gateways and incarnations differ */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  of(header: string | undefined): string {
    if (header !== undefined && header.length <= LONGEST && SANE.test(header)) return header;
    return `${this.#prefix}-${(this.#next++).toString(36)}`;
  }
}
