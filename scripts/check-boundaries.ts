/** Checks who imports whom, and first that the check can see: a deliberately wrong tree must fail it. */
import { globSync, readFileSync } from 'node:fs';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import extractConfig from 'dependency-cruiser/config-utl/extract-depcruise-config';

/** Sources each of which breaks the rule that stands in its name's comment. */
const FIXTURE = 'test/support/boundary-fixture';
/** Every rule has its wrong file, or is named here with the reason why it cannot have one. */
const EXPECTED_IN_FIXTURE = [
  'balance-imports',
  'admission-imports',
  'channel-imports',
  'control-imports',
  'gateway-imports',
  'worker-imports',
  'table-imports',
  'repository-imports',
  'provision-imports',
  'shared-imports-nothing-of-theirs',
  'implementations-are-wired-by-cli-alone',
  'nobody-imports-cli',
  'pure-does-no-io',
  'onnx-runtime-stays-in-its-corner',
  'redis-client-stays-in-its-corner',
  'threads-stay-in-their-corners',
  'no-cycles',
];
const MIN_MODULES = 50;
/** What pure code may not touch: time, chance and surroundings come in as arguments. */
const AMBIENT = /\b(Date\b|performance\.|Math\.random|process\.|set(Timeout|Interval|Immediate)\b)/;

async function violations(baseDir: string): Promise<{ rules: string[]; lines: string[]; modules: number }> {
  const config = await extractConfig(new URL('../.dependency-cruiser.mjs', import.meta.url).pathname);
  const { options, ...ruleSet } = config;
  const result = await cruise(['src'], { ...options, ruleSet, validate: true, baseDir });
  const { summary } = result.output as ICruiseResult;
  return {
    rules: summary.violations.map((violation) => violation.rule.name),
    lines: summary.violations.map(
      (violation) => `${violation.rule.name}: ${violation.from} -> ${violation.to}`,
    ),
    modules: summary.totalCruised,
  };
}

/** Pure sources that touch time, chance or surroundings all the same. */
function impure(baseDir: string): string[] {
  return globSync(['src/balance/*.ts', 'src/admission/*.ts', 'src/control/decide-*.ts'], { cwd: baseDir })
    .filter((file) => !file.endsWith('.test.ts'))
    .filter((file) => AMBIENT.test(readFileSync(`${baseDir}/${file}`, 'utf8')));
}

const root = new URL('..', import.meta.url).pathname;
const fixture = await violations(`${root}${FIXTURE}`);
const unseen = EXPECTED_IN_FIXTURE.filter((rule) => !fixture.rules.includes(rule));
if (unseen.length > 0) {
  process.stderr.write(
    `the boundary check is blind: the wrong fixture does not break ${unseen.join(', ')}\n`,
  );
  process.exit(1);
}
if (impure(`${root}${FIXTURE}`).length !== 1) {
  process.stderr.write('the boundary check is blind: the wrong fixture uses the ambient clock\n');
  process.exit(1);
}
const actual = await violations(root);
if (actual.modules < MIN_MODULES) {
  process.stderr.write(`the boundary check is blind: it saw ${actual.modules} modules\n`);
  process.exit(1);
}
for (const file of impure(root))
  actual.lines.push(`pure-takes-its-clock: ${file} uses an ambient clock or chance`);
if (actual.lines.length > 0) {
  process.stderr.write(`${actual.lines.join('\n')}\n`);
  process.exit(1);
}
process.stdout.write(
  `boundaries: ${actual.modules} modules, no violations; the wrong fixture breaks all ${EXPECTED_IN_FIXTURE.length} rules\n`,
);
