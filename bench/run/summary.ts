/** What a run came to, as a person reads it at its end: each scenario with its targets. */
import type { Result } from '../report/results.ts';
import { comparisonText, countVerdicts, valueText } from '../report/verdicts.ts';
import { durationText } from './duration-text.ts';
import type { ScenarioRun } from './run-scenario.ts';

const COLUMN = 14;

/** @param result null where the scenario failed */
export function scenarioSummary(name: string, run: ScenarioRun, result: Result | null): string {
  const notices = run.notices.map((notice) => `  said: ${notice}`);
  if (result === null) {
    return [`${name}: FAILED after ${durationText(run.seconds)}: ${run.failure}`, ...notices].join('\n');
  }
  const { targets } = result.report;
  const { reached, missed } = countVerdicts(targets);
  const counts = targets.length === 0 ? 'no targets' : `${reached} reached, ${missed} missed`;
  const measured = targets.filter(({ verdict }) => verdict !== 'not measured');
  const figureColumn = Math.max(...measured.map(({ figure }) => figure.length), 0) + 4;
  const lines = measured.map((target) =>
    [
      `  ${target.figure}`.padEnd(figureColumn),
      comparisonText(target).padEnd(COLUMN),
      valueText(target).padEnd(COLUMN),
      target.verdict === 'missed' ? 'MISSED' : target.verdict,
    ].join(' '),
  );
  const open = targets.filter(({ verdict }) => verdict === 'not measured').map(({ figure }) => figure);
  if (open.length > 0) lines.push(`  not measured: ${open.join(', ')}`);
  return [`${name}: ${counts} (${durationText(run.seconds)})`, ...lines, ...notices].join('\n');
}
