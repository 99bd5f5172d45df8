/** The long run in the report. */
import { lineChart } from '../report/chart.ts';
import { markdownTable } from '../report/markdown-table.ts';
import type { Section } from '../report/section.ts';
import { fixed } from '../report/spread-text.ts';
import { spreadOf } from '../support/statistics.ts';
import type { LongRunReport } from './report.ts';
import type { Slice } from './slices.ts';

export function longRunSection(report: LongRunReport): Section {
  const { settings, samples, targets } = report;
  const { slices, kills } = samples;
  const series = (name: string, read: (slice: Slice) => number | null) => ({
    name,
    points: slices.flatMap((slice) => {
      const y = read(slice);
      return y === null ? [] : [{ x: slice.minute, y }];
    }),
  });
  const picture = (title: string, yLabel: string, lines: ReturnType<typeof series>[]) =>
    lineChart({ title, xLabel: 'minute', yLabel, series: lines });
  const replaced = spreadOf(kills.flatMap(({ replaced_after_ms: ms }) => (ms === null ? [] : [ms])));
  const show = (value: number | null, digits: number) => (value === null ? '-' : fixed(value, digits));
  const minute = settings.slice_seconds === 60 ? 'minutes' : `"minutes" of ${settings.slice_seconds} seconds`;
  const markdown = [
    `\`turntable serve\` as it comes, the fraud model on ${settings.workers} workers, for ${settings.slices} ${minute}. Requests come ` +
      `(${settings.arrivals}) at ${fixed(Number(settings.load) * 100, 0)} % of what it carries in a closed loop: ` +
      `${fixed(samples.rate_per_second, 0)} of ${fixed(samples.capacity_per_second, 0)} requests/s; latency counts from the intended time. ` +
      `A worker by chance was killed (kill -9) ${kills.length} times; the supervisor had replaced it after ` +
      `${replaced === null ? '-' : fixed(replaced.median, 0)} ms in the median. Undisturbed is what came neither then nor in the ` +
      `${Number(settings.calm_ms) / 1_000} s after. The end is the last two minutes, the start the second and the third. ` +
      'The last two columns are of the machine and not of Turntable: what a fixed piece of work takes, and what the ' +
      'hypervisor withheld. A machine that has become slower answers later; the targets do not allow for that.',
    '![p50 and p99 over the minutes](long-run-latency.svg)',
    '![memory over the minutes](long-run-memory.svg)',
    markdownTable(
      ['target', 'limit', 'measured', 'verdict'],
      targets.map(({ figure, comparison, limit, value, verdict }) => [
        figure,
        `${comparison} ${limit}`,
        show(value, 3),
        verdict,
      ]),
    ),
    markdownTable(
      [
        ...['minute', 'requests', 'failed', 'p50, ms', 'p99, ms', 'p50 undisturbed', 'p99 undisturbed'],
        ...['gateway, MB', 'all, MB', 'heap, MB', 'open files', 'fixed work, µs', 'cores withheld'],
      ],
      slices.map(({ minute: number, requests, failed, p50_ms, p99_ms, calm, ...held }) => [
        ...[String(number), String(requests), String(failed), show(p50_ms, 2), show(p99_ms, 2)],
        ...[show(calm.p50_ms, 2), show(calm.p99_ms, 2), show(held.gateway_rss_mb, 1)],
        ...[show(held.all_rss_mb, 0), show(held.heap_mb, 1), show(held.open_files, 0)],
        ...[show(held.fixed_work_us, 0), show(held.withheld_cores, 2)],
      ]),
    ),
    `Requests sent again because their worker was lost: ${samples.retries}. Files open at the gateway: ${samples.open_files_before} ` +
      `before, ${samples.open_files_after} after. The load generator was ${fixed(samples.lag_ms, 1)} ms late itself (p99).`,
  ].join('\n\n');
  return {
    title: 'Long run',
    markdown,
    pictures: new Map([
      [
        'long-run-latency.svg',
        picture('Latency over a long run', 'ms', [
          series('p99', ({ p99_ms }) => p99_ms),
          series('p99 undisturbed', ({ calm }) => calm.p99_ms),
          series('p50', ({ p50_ms }) => p50_ms),
        ]),
      ],
      [
        'long-run-memory.svg',
        picture('Memory over a long run', 'MB resident', [
          series('gateway and workers', ({ all_rss_mb }) => all_rss_mb),
          series('gateway', ({ gateway_rss_mb }) => gateway_rss_mb),
          series('heap of the gateway', ({ heap_mb }) => heap_mb),
        ]),
      ],
    ]),
  };
}
