/** Gives out a benchmark's result as it was asked for: as text or JSON, and to a file. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export interface ReportOptions {
  /** Print JSON instead of the text. */
  readonly json: boolean;
  readonly save: string | null;
}

export function publishReport<Report>(
  report: Report,
  { json, save }: ReportOptions,
  render: (report: Report) => string,
): void {
  if (save !== null) {
    mkdirSync(dirname(save), { recursive: true });
    writeFileSync(save, `${JSON.stringify(report, null, 2)}\n`);
  }
  process.stdout.write(`${json ? JSON.stringify(report) : render(report)}\n`);
}
