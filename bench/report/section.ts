/** What a scenario has to say in the report: text with tables, and pictures that stand beside it. */

export interface Section {
  /** Heading, without number. */
  readonly title: string;
  /** Markdown below the heading; a picture is shown by `![what it shows](NAME.svg)`. */
  readonly markdown: string;
  /** File name, such as `users-p99.svg`, to SVG. */
  readonly pictures: ReadonlyMap<string, string>;
}
