/** Results that earlier and present runs left in their folders, and which of them a report is made of. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Verdict } from '../support/target.ts';

/** What every scenario writes, whatever else it does. */
export interface ScenarioReport {
  readonly benchmark: string;
  /** ISO 8601. */
  readonly date: string;
  readonly machine: Readonly<Record<string, string | number | null>>;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly targets: readonly Verdict[];
}

export interface Result {
  readonly file: string;
  readonly report: ScenarioReport;
  readonly quick: boolean;
}

/** Reads every JSON file of these folders that is a scenario's result; others are passed over. */
export function readResults(folders: readonly string[]): Result[] {
  const missing = folders.find((folder) => !existsSync(folder));
  if (missing !== undefined) throw new Error(`there is no folder ${missing}`);
  const files = new Set(
    folders.flatMap((folder) => globSync('*.json', { cwd: folder }).map((file) => join(folder, file))),
  );
  return [...files].flatMap((file) => {
    const report: ScenarioReport = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof report.benchmark !== 'string' || !Array.isArray(report.targets)) return [];
    return [{ file, report, quick: report.settings?.quick === true }];
  });
}

/**
 * The result that a report tells of: a full one before a quick one, one that bears the scenario's name before a
 * variant beside it (`table.json` before `table-cost.json`), and of those the newest.
 */
export function chooseResult(results: readonly Result[], name: string): Result | null {
  const rank = ({ file, quick }: Result) => (quick ? 0 : 2) + (basename(file) === `${name}.json` ? 1 : 0);
  const candidates = results
    .filter(({ report }) => report.benchmark === name)
    .toSorted((a, b) => rank(b) - rank(a) || Date.parse(b.report.date) - Date.parse(a.report.date));
  return candidates[0] ?? null;
}

/** Null where it was measured outside a checkout. */
export function commitOf({ report }: Result): { hash: string; dirty: boolean } | null {
  const { commit } = report.machine;
  if (typeof commit !== 'string') return null;
  return { hash: commit.slice(0, 7), dirty: commit.endsWith('-dirty') };
}
