/** Runs all benchmarks one after the other, and makes the report of what they measured. */
import { existsSync, globSync, mkdirSync, renameSync } from 'node:fs';
import { join, relative } from 'node:path';
import { chooseResult, readResults } from './report/results.ts';
import { writeReport } from './report/write-report.ts';
import { durationText } from './run/duration-text.ts';
import { HELP, type RunOptions, readOptions } from './run/options.ts';
import { outputFolder, RESULTS } from './run/output-folder.ts';
import { runScenario } from './run/run-scenario.ts';
import { SCENARIOS } from './run/scenarios.ts';
import { scenarioSummary } from './run/summary.ts';
import { runBenchmark } from './support/run-benchmark.ts';

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function main(options: RunOptions, signal: AbortSignal): Promise<void> {
  if (options.reportOnly === null) await runAll(options, signal);
  else makeReportOf(options, options.reportOnly);
}

async function runAll(options: RunOptions, signal: AbortSignal): Promise<void> {
  const { quick, scenarios } = options;
  const folder = options.output ?? outputFolder(quick);
  mkdirSync(folder, { recursive: true });
  const expected = (from: number) =>
    scenarios.slice(from).reduce((sum, one) => sum + (quick ? one.quickSeconds : one.fullSeconds), 0);
  const begin = performance.now();
  const summaries: string[] = [];
  let failed = 0;
  for (const [index, { name }] of scenarios.entries()) {
    const elapsed = (performance.now() - begin) / 1_000;
    say(
      `[${index + 1}/${scenarios.length}] ${name}: about ${durationText(expected(index) - expected(index + 1))}; ` +
        `${durationText(elapsed)} so far, about ${durationText(expected(index))} left in all`,
    );
    const file = join(folder, `${name}.json`);
    // Until it is whole, so that what is interrupted or fails does not take an earlier result with it.
    const unfinished = `${file}.part`;
    const run = await runScenario({ name, quick, file: unfinished, say }, signal);
    const succeeded = run.failure === null && existsSync(unfinished);
    if (succeeded) renameSync(unfinished, file);
    else failed++;
    const result = succeeded ? chooseResult(readResults([folder]), name) : null;
    const summary = scenarioSummary(name, { ...run, failure: run.failure ?? 'it left no result' }, result);
    say(result === null ? `    ${summary}` : `    done in ${durationText(run.seconds)}`);
    summaries.push(summary);
  }
  const report = quick ? join(folder, 'report.md') : join(RESULTS, 'latest.md');
  const sources = quick ? [folder] : [...new Set([...resultFolders(), folder])];
  const wrong = writeReport(report, SCENARIOS, readResults(sources));
  const end = [
    `Results: ${shown(folder)}`,
    `Report:  ${shown(report)}${quick ? ' (of this QUICK run alone; its figures mean little)' : ''}`,
    ...wrong.map((failure) => `!!! no section for ${failure}`),
    ...(failed === 0 ? [] : [`!!! ${failed} of ${scenarios.length} scenarios FAILED`]),
  ];
  process.stdout.write(`${[...summaries, end.join('\n')].join('\n\n')}\n`);
  if (failed + wrong.length > 0) process.exitCode = 1;
}

function makeReportOf({ output }: RunOptions, folders: readonly string[]): void {
  const results = readResults(folders.length > 0 ? folders : resultFolders());
  if (output !== null) mkdirSync(output, { recursive: true });
  const report = output === null ? join(RESULTS, 'latest.md') : join(output, 'report.md');
  const wrong = writeReport(report, SCENARIOS, results);
  process.stdout.write(
    [`Report: ${shown(report)}`, ...wrong.map((one) => `!!! no section for ${one}`), ''].join('\n'),
  );
  if (wrong.length > 0) process.exitCode = 1;
}

function resultFolders(): string[] {
  return globSync('*/', { cwd: RESULTS }).map((name) => join(RESULTS, name));
}

function shown(path: string): string {
  return relative(process.cwd(), path);
}

await runBenchmark({ name: 'bench', help: HELP, readOptions, main });
