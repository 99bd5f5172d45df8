/** Bars side by side in groups, each with its value on top and the spread over the rounds as a whisker. */
import { frame, type Plot, WIDTH } from './frame.ts';
import { numberText } from './number-text.ts';
import { colourOf, stylesOf } from './palette.ts';
import { drawable, position, type Scale, type ScaleKind, scaleOf } from './scale.ts';
import { element, FAINT_INK, INK, picture, rounded, text, textWidth, wrapped } from './svg.ts';

interface BarChart {
  title: string;
  yLabel: string;
  yScale?: ScaleKind;
  groups: string[];
  series: { name: string; values: (number | null)[]; low?: (number | null)[]; high?: (number | null)[] }[];
}

interface Bar {
  readonly style: number;
  readonly x: number;
  readonly width: number;
  readonly value: number | null;
  readonly low: number | null;
  readonly high: number | null;
}

const GROUP_SIZE = 11;
const GROUP_LINE = 14;
/** Degrees; names that do not fit below their group are leant, as far as they need to stay in the picture. */
const LEANS = [25, 40, 60] as const;
const LEFTMOST = 62;
const NARROWEST_LABEL = 9;
const MOST_LINES = 5;

/** A value that is null, or has no place on the axis, is written as n/a where its bar would stand. */
export function barChart(chart: BarChart): string {
  const { yScale = 'linear', groups, series } = chart;
  const styles = stylesOf(series.map(({ name }) => name));
  const values = series.flatMap((one) => [...one.values, ...(one.low ?? []), ...(one.high ?? [])]);
  const drawn = values.filter((value) => drawable(yScale, value));
  const groupWidth = (WIDTH - 90) / Math.max(1, groups.length);
  const barWidth = Math.min(64, (groupWidth * 0.84) / Math.max(1, series.length));
  const upright = !drawn.every((value) => textWidth(numberText(value), 10) <= barWidth + 2);
  const y = scaleOf(
    yScale,
    yScale === 'log' ? [...drawn, ...belowLowest(drawn)] : drawn,
    upright ? 0.14 : 0.07,
  );
  const names = groupNames(groups, groupWidth - 6);
  const {
    plot,
    height,
    drawn: around,
  } = frame({
    title: chart.title,
    yLabel: chart.yLabel,
    y,
    legend: series.length > 1 ? series.map(({ name }) => name) : [],
    symbol: (index, x, at) =>
      element('rect', { x: x - 5, y: at - 6, width: 18, height: 12, fill: colourOf(styles[index] ?? index) }),
    below: 22 + names.height,
  });
  const pitch = (plot.right - plot.left) / Math.max(1, groups.length);
  const bars = groups.flatMap((_, group) =>
    series.map(({ values, low, high }, index): Bar => {
      const middle = plot.left + (group + 0.5) * pitch;
      return {
        style: styles[index] ?? index,
        x: middle + (index - series.length / 2) * barWidth,
        width: barWidth,
        value: values[group] ?? null,
        low: low?.[group] ?? null,
        high: high?.[group] ?? null,
      };
    }),
  );
  return picture(WIDTH, height, chart.title, [
    ...around,
    ...groups.map((_, group) => names.draw(group, plot.left + (group + 0.5) * pitch, plot.bottom)),
    ...bars.map((bar) => drawBar(bar, y, plot, upright)),
  ]);
}

/** A logarithmic axis has no zero to stand on; half the least value leaves the lowest bar something to show. */
function belowLowest(values: readonly number[]): number[] {
  return values.length === 0 ? [] : [Math.min(...values) / 2];
}

function drawBar(bar: Bar, y: Scale, plot: Plot, upright: boolean): string {
  const middle = bar.x + bar.width / 2;
  if (!drawable(y.kind, bar.value)) {
    return bar.width < NARROWEST_LABEL
      ? ''
      : label('n/a', middle, plot.bottom - 5, FAINT_INK, bar.width < 22);
  }
  const at = (value: number) => position(y, value, plot.bottom, plot.top);
  const ground = y.kind === 'log' ? plot.bottom : at(0);
  const top = Math.min(at(bar.value), ground);
  const gap = bar.width > 6 ? 1 : 0;
  const size = {
    x: bar.x + gap,
    y: top,
    width: bar.width - 2 * gap,
    height: Math.abs(ground - at(bar.value)),
  };
  const drawn = [element('rect', { ...size, fill: colourOf(bar.style) })];
  let labelled = top;
  if (drawable(y.kind, bar.high) && bar.low !== null && bar.low !== bar.high) {
    const arm = Math.min(4, bar.width / 3);
    labelled = Math.min(top, at(bar.high));
    const d = `M${rounded(middle)} ${rounded(at(bar.low))}V${rounded(at(bar.high))}`;
    const ends = [bar.low, bar.high].map(
      (end) => `M${rounded(middle - arm)} ${rounded(at(end))}h${rounded(2 * arm)}`,
    );
    drawn.push(element('path', { d: `${d}${ends.join('')}`, fill: 'none', stroke: INK }));
  }
  if (bar.width >= NARROWEST_LABEL)
    drawn.push(label(numberText(bar.value), middle, labelled - 4, INK, upright));
  return drawn.join('\n');
}

function label(content: string, x: number, y: number, fill: string, upright: boolean): string {
  if (!upright) return text(content, { x, y, 'font-size': 10, 'text-anchor': 'middle', fill });
  const turned = x + 3.5;
  return text(content, {
    x: turned,
    y,
    'font-size': 10,
    fill,
    transform: `rotate(-90 ${rounded(turned)} ${rounded(y)})`,
  });
}

/** Names below the groups: broken at spaces, leant where a word alone is too wide. */
function groupNames(groups: readonly string[], width: number) {
  const lines = groups.map((name) => wrapped(name, width, GROUP_SIZE));
  const most = Math.max(1, ...lines.map((one) => one.length));
  const leant = most > MOST_LINES || lines.flat().some((line) => textWidth(line, GROUP_SIZE) > width);
  const longest = Math.max(0, ...groups.map((name) => textWidth(name, GROUP_SIZE)));
  const stays = (degrees: number) =>
    groups.every((name, group) => {
      const reach = textWidth(name, GROUP_SIZE) * Math.cos((degrees * Math.PI) / 180);
      return reach < LEFTMOST + (group + 0.5) * width - 6;
    });
  const lean = LEANS.find(stays) ?? LEANS[2];
  return {
    height: leant ? 10 + longest * Math.sin((lean * Math.PI) / 180) : most * GROUP_LINE,
    draw: (group: number, x: number, bottom: number): string => {
      const written = { 'font-size': GROUP_SIZE, fill: INK };
      if (leant) {
        const turn = `rotate(-${lean} ${rounded(x)} ${rounded(bottom + 14)})`;
        return text(groups[group] ?? '', {
          x,
          y: bottom + 14,
          'text-anchor': 'end',
          transform: turn,
          ...written,
        });
      }
      const rows = (lines[group] ?? []).map((line, row) =>
        text(line, { x, y: bottom + 17 + row * GROUP_LINE, 'text-anchor': 'middle', ...written }),
      );
      return rows.join('\n');
    },
  };
}
