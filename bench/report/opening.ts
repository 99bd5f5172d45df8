/** The first page of the report: what was measured where and when, how to do it again, and all targets. */

import { durationText } from '../run/duration-text.ts';
import type { Verdict } from '../support/target.ts';
import { markdownTable } from './markdown-table.ts';
import { commitOf, type Result } from './results.ts';
import { comparisonText, countVerdicts, valueText } from './verdicts.ts';

/** A scenario of the registry with the result that the report tells of. */
export interface Chosen {
  readonly name: string;
  readonly title: string;
  /** Of the section's heading, as GitHub makes it. */
  readonly anchor: string;
  readonly result: Result | null;
}

const HARDWARE = ['cpu_model', 'cores', 'memory_gb', 'kernel'];

/** @param fullSeconds of a run of all scenarios */
export function opening(chosen: readonly Chosen[], fullSeconds: number): string {
  const results = chosen.flatMap(({ result }) => result ?? []);
  return [
    '# Benchmarks',
    ...quickWarning(results),
    'How Turntable stands against what people run today, measured on one machine, the systems by turns. Every sample ' +
      'is in the JSON file that its section names. Figures are medians over the rounds, with the least and the greatest ' +
      'beside them; a missed target is shown as missed.',
    circumstances(chosen).join('\n'),
    reproduction(fullSeconds),
    '## Summary',
    summaryTable(chosen),
    ...notRun(chosen),
    '### All targets, missed ones first',
    targetTable(chosen),
  ].join('\n\n');
}

function quickWarning(results: readonly Result[]): string[] {
  const quick = results.filter((result) => result.quick);
  if (quick.length === 0) return [];
  const which =
    quick.length === results.length ? 'ALL of these results are' : `${quick.length} of these results are`;
  return [
    `> **QUICK RUN.** ${which} from a quick run, which shows that everything works; its figures mean little.`,
  ];
}

function circumstances(chosen: readonly Chosen[]): string[] {
  const results = chosen.flatMap(({ result }) => result ?? []);
  const dates = results.map(({ report }) => minute(report.date)).toSorted();
  const span = dates[0] === dates.at(-1) ? dates[0] : `${dates[0]} to ${dates.at(-1)}`;
  const commits = distinct(results.map((result) => commitText(result)));
  return [
    `- When: ${span ?? 'never'}`,
    `- Commit: ${commits.join('; ')}`,
    ...distinct(results.map(({ report }) => hardwareText(report.machine))).map(
      (machine) => `- Machine: ${machine}`,
    ),
    `- Versions: ${versions(results).join(', ')}`,
  ];
}

function hardwareText(machine: Result['report']['machine']): string {
  const { cpu_model, cores, memory_gb, kernel } = machine;
  return `${cpu_model}, ${cores} cores, ${memory_gb} GB, Linux ${kernel}`;
}

/** Of every program that any scenario used; more than one version where results come from different days. */
function versions(results: readonly Result[]): string[] {
  const byProgram = new Map<string, Set<string>>();
  for (const { report } of results) {
    for (const [program, version] of Object.entries(report.machine)) {
      if (HARDWARE.includes(program) || program === 'commit' || typeof version !== 'string') continue;
      byProgram.set(program, (byProgram.get(program) ?? new Set()).add(version));
    }
  }
  return [...byProgram].map(([program, found]) => `${program} ${[...found].join(' and ')}`);
}

function reproduction(fullSeconds: number): string {
  return [
    'To do it again, from a checkout after `npm ci`:',
    [
      '```sh',
      `npm run bench                    # everything, about ${durationText(fullSeconds)}, and then this report`,
      'npm run bench -- --quick         # everything within five minutes, with a report of its own',
      'npm run bench -- --only users    # one scenario, and this report anew',
      'npm run bench:users -- --help    # one scenario alone, with its options',
      '```',
    ].join('\n'),
  ].join('\n\n');
}

function summaryTable(chosen: readonly Chosen[]): string {
  const rows = chosen.flatMap(({ name, title, anchor, result }) => {
    if (result === null) return [];
    const { reached, missed, open } = countVerdicts(result.report.targets);
    const marks = [result.quick ? '**quick**' : '', commitOf(result)?.dirty ? 'uncommitted changes' : ''];
    return [
      [
        `[${title}](#${anchor})`,
        `\`bench:${name}\``,
        String(reached),
        missed === 0 ? '0' : `**${missed}**`,
        String(open),
        marks.filter((mark) => mark !== '').join(', '),
      ],
    ];
  });
  return markdownTable(['scenario', 'command', 'reached', 'missed', 'not measured', 'note'], rows);
}

function notRun(chosen: readonly Chosen[]): string[] {
  const names = chosen.filter(({ result }) => result === null).map(({ name }) => `\`bench:${name}\``);
  return names.length === 0 ? [] : [`**Not run**, so without a section: ${names.join(', ')}.`];
}

const ORDER: readonly Verdict['verdict'][] = ['missed', 'not measured', 'reached'];

function targetTable(chosen: readonly Chosen[]): string {
  const all = chosen.flatMap(({ title, anchor, result }) =>
    (result?.report.targets ?? []).map((target) => ({
      title,
      anchor,
      target,
      quick: result?.quick === true,
    })),
  );
  const rows = ORDER.flatMap((verdict) => all.filter(({ target }) => target.verdict === verdict)).map(
    ({ title, anchor, target, quick }) => [
      `[${title}](#${anchor})`,
      `\`${target.figure}\``,
      comparisonText(target),
      valueText(target),
      `${target.verdict === 'missed' ? '**missed**' : target.verdict}${quick ? ' (quick)' : ''}`,
    ],
  );
  return markdownTable(['scenario', 'target', 'wanted', 'measured', 'verdict'], rows);
}

export function commitText(result: Result): string {
  const commit = commitOf(result);
  if (commit === null) return 'outside a checkout';
  return commit.dirty ? `\`${commit.hash}\` **with uncommitted changes**` : `\`${commit.hash}\``;
}

/** `2026-11-22 04:54 UTC`. */
export function minute(date: string): string {
  return `${date.slice(0, 10)} ${date.slice(11, 16)} UTC`;
}

function distinct(values: readonly string[]): string[] {
  return [...new Set(values)];
}
