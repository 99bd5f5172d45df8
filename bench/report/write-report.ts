/** The report of all scenarios: the first page, a section for each, what did not help; pictures in a folder beside it. */
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import type { Scenario } from '../run/scenarios.ts';
import { type Chosen, commitText, minute, opening } from './opening.ts';
import { chooseResult, type Result } from './results.ts';
import type { Section } from './section.ts';

const TRIED = resolve(import.meta.dirname, 'tried.md');

/**
 * Writes `file`, such as `latest.md`, and its pictures into `latest/`.
 * @returns what went wrong: sections that could not be made
 */
export function writeReport(
  file: string,
  scenarios: readonly Scenario[],
  results: readonly Result[],
): string[] {
  const pictures = join(dirname(file), basename(file, '.md'));
  const failures: string[] = [];
  const made = scenarios.map((scenario) => {
    const result = chooseResult(results, scenario.name);
    const section = result === null ? null : makeSection(scenario, result);
    if (section?.failure !== undefined) failures.push(`${scenario.name}: ${section.failure}`);
    return { scenario, result, section };
  });
  const numbered = made.filter(({ result }) => result !== null);
  const chosen = made.map((one): Chosen => {
    const title = one.section?.title ?? one.scenario.name;
    const heading = `${numbered.indexOf(one) + 1}. ${title}`;
    return { name: one.scenario.name, title, anchor: anchorOf(heading), result: one.result };
  });
  const sections = numbered.map(({ scenario, result, section }, index) =>
    [
      `## ${index + 1}. ${section?.title}`,
      provenance(scenario, result as Result, file),
      withPictures(section?.markdown.trim() ?? '', basename(pictures)),
    ].join('\n\n'),
  );
  const fullSeconds = scenarios.reduce((sum, scenario) => sum + scenario.fullSeconds, 0);
  const tried = readFileSync(TRIED, 'utf8').trim();

  mkdirSync(pictures, { recursive: true });
  // Those of a scenario that has lost a picture, or its result, would stay for ever.
  for (const old of globSync('*.svg', { cwd: pictures })) rmSync(join(pictures, old));
  for (const { section } of numbered) {
    for (const [name, svg] of section?.pictures ?? []) writeFileSync(join(pictures, name), svg);
  }
  writeFileSync(file, `${[opening(chosen, fullSeconds), ...sections, tried].join('\n\n')}\n`);
  return failures;
}

/** One scenario's section that cannot be made does not take the others with it. */
function makeSection(scenario: Scenario, { report }: Result): Section & { failure?: string } {
  try {
    return scenario.section(report);
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    const markdown = `This section could not be made of its result: ${failure}`;
    return { title: scenario.name, markdown, pictures: new Map(), failure };
  }
}

function provenance({ name }: Scenario, result: Result, file: string): string {
  const link = relative(dirname(file), result.file);
  const quick = result.quick ? '**From a QUICK run.** ' : '';
  return (
    `${quick}<sub>Made from [${link}](${link}), measured ${minute(result.report.date)} at ${commitText(result)}. ` +
    `Alone: \`npm run bench:${name}\`</sub>`
  );
}

/** Sections name their pictures alone; they stand in the report's folder. */
function withPictures(markdown: string, folder: string): string {
  return markdown.replaceAll(/(!\[[^\]]*\]\()(?!https?:|\/)([^)]+\.svg\))/g, `$1${folder}/$2`);
}

/** As GitHub makes it of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}
