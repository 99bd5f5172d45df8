/** One thing that is wrong in a model's configuration file, and how it is told to people. */

export interface ConfigFault {
  /** 1-based. Absent where the fault is not at one place, such as a field that is missing. */
  readonly line?: number | undefined;
  /** Path of the field, such as `input[0].dims`. Absent for faults of syntax. */
  readonly field?: string | undefined;
  readonly message: string;
}

/** More faults than this of one file help nobody, and a hostile file could make a million of them. */
export const MAX_FAULTS = 20;

/** `fraud/config.pbtxt:7: input[0].reshape: is not supported` */
export function describeFault(file: string, fault: ConfigFault): string {
  const place = fault.line === undefined ? file : `${file}:${fault.line}`;
  return fault.field === undefined
    ? `${place}: ${fault.message}`
    : `${place}: ${fault.field}: ${fault.message}`;
}

/** What a file or a request said, quoted. */
export function quote(said: string): string {
  return `"${printable(said)}"`;
}

/** What a file or a request said, made safe for one line of a log: escaped and cut. */
export function printable(said: string, chars = 60): string {
  return JSON.stringify(said.length > chars ? `${said.slice(0, chars)}…` : said).slice(1, -1);
}
