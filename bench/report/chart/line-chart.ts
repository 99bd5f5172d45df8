/** A line per system over what was varied, with the spread over the rounds as a light band behind it. */
import { frame, type Plot, WIDTH } from './frame.ts';
import { numberText } from './number-text.ts';
import { colourOf, dashOf, marker, stylesOf } from './palette.ts';
import { drawable, position, type Scale, type ScaleKind, scaleOf, scaleOfSettings } from './scale.ts';
import { element, FAINT_INK, GRID, picture, rounded, text, textWidth } from './svg.ts';

interface Point {
  x: number;
  y: number;
  low?: number;
  high?: number;
}

interface LineChart {
  title: string;
  xLabel: string;
  yLabel: string;
  xScale?: ScaleKind;
  yScale?: ScaleKind;
  series: { name: string; points: Point[] }[];
}

/** More points than this are a course of time, in which markers would hide the line. */
const MOST_MARKERS = 40;
/** More settings than this are told by round numbers. */
const MOST_SETTINGS = 14;
/** More bands than these lie over one another, and have to be lighter. */
const FEW_BANDS = 4;

/** A point without a place on its axis (not finite, or not above zero on a logarithmic one) is left out. */
export function lineChart(chart: LineChart): string {
  const { xScale = 'linear', yScale = 'linear' } = chart;
  const series = chart.series.map(({ name, points }) => ({
    name,
    points: points.filter(({ x, y }) => drawable(xScale, x) && drawable(yScale, y)).sort((a, b) => a.x - b.x),
  }));
  const points = series.flatMap((one) => one.points);
  const styles = stylesOf(series.map(({ name }) => name));
  const style = (index: number) => styles[index] ?? index;
  const y = scaleOf(
    yScale,
    points.flatMap((point) => [point.y, point.low ?? point.y, point.high ?? point.y]),
  );
  const { plot, height, drawn } = frame({
    title: chart.title,
    yLabel: chart.yLabel,
    y,
    legend: series.map(({ name }) => name),
    symbol: (index, x, at) =>
      `${stroke(style(index), `M${rounded(x - 13)} ${rounded(at)}h26`)}${marker(style(index), x, at)}`,
    below: 56,
  });
  const x = xAxisScale(
    xScale,
    points.map((point) => point.x),
    plot,
  );
  const places = series.map((one) => one.points.map((point) => placed(point, x, y, plot)));
  return picture(WIDTH, height, chart.title, [
    ...drawn,
    ...xAxis(plot, x, chart.xLabel),
    ...(points.length === 0 ? [noData(plot)] : []),
    ...places.map((line, index) => spread(line, style(index), series.length > FEW_BANDS ? 0.07 : 0.13)),
    ...places.map((line, index) => course(line, style(index))),
  ]);
}

interface Place {
  readonly x: number;
  readonly y: number;
  readonly low: number;
  readonly high: number;
}

function placed(point: Point, x: Scale, y: Scale, plot: Plot): Place {
  const inset = insetOf(plot);
  const vertical = (value: number) => position(y, value, plot.bottom, plot.top);
  return {
    x: position(x, point.x, inset.left, inset.right),
    y: vertical(point.y),
    low: vertical(point.low ?? point.y),
    high: vertical(point.high ?? point.y),
  };
}

/** The measured settings themselves where they are few enough to stand beside each other. */
function xAxisScale(kind: ScaleKind, values: readonly number[], plot: Plot): Scale {
  const settings = [...new Set(values)];
  if (settings.length <= MOST_SETTINGS) {
    const scale = scaleOfSettings(kind, settings);
    if (fits(scale, plot)) return scale;
  }
  return scaleOf(kind, values);
}

function fits(scale: Scale, plot: Plot): boolean {
  const inset = insetOf(plot);
  let end = Number.NEGATIVE_INFINITY;
  return scale.ticks.every((tick) => {
    const middle = position(scale, tick, inset.left, inset.right);
    const half = textWidth(numberText(tick), 11) / 2;
    const free = middle - half > end + 6;
    end = middle + half;
    return free;
  });
}

/** The first and the last point keep off the edges, where their markers would be cut. */
function insetOf(plot: Plot) {
  return { left: plot.left + 14, right: plot.right - 14 };
}

function xAxis(plot: Plot, x: Scale, label: string): string[] {
  const inset = insetOf(plot);
  const ticks = x.ticks.flatMap((tick) => {
    const at = position(x, tick, inset.left, inset.right);
    return [
      element('line', { x1: at, x2: at, y1: plot.top, y2: plot.bottom + 4, stroke: GRID }),
      text(numberText(tick), {
        x: at,
        y: plot.bottom + 18,
        'text-anchor': 'middle',
        'font-size': 11,
        fill: FAINT_INK,
      }),
    ];
  });
  const name = text(label, { x: (plot.left + plot.right) / 2, y: plot.bottom + 40, 'text-anchor': 'middle' });
  return [...ticks, name];
}

/** A band; a point alone has no width to draw one on and gets a whisker. */
function spread(line: readonly Place[], style: number, opacity: number): string {
  if (line.every(({ low, high }) => low === high)) return '';
  if (line.length === 1) return whisker(line[0] as Place, style);
  const upper = line.map(({ x, high }) => `${rounded(x)} ${rounded(high)}`);
  const lower = line.map(({ x, low }) => `${rounded(x)} ${rounded(low)}`).reverse();
  return element('path', {
    d: `M${[...upper, ...lower].join('L')}Z`,
    fill: colourOf(style),
    'fill-opacity': String(opacity),
  });
}

function whisker({ x, low, high }: Place, style: number): string {
  const d = `M${rounded(x)} ${rounded(low)}V${rounded(high)}m-4 0h8M${rounded(x - 4)} ${rounded(low)}h8`;
  return element('path', { d, fill: 'none', stroke: colourOf(style) });
}

function course(line: readonly Place[], style: number): string {
  if (line.length === 0) return '';
  const path = stroke(style, `M${line.map(({ x, y }) => `${rounded(x)} ${rounded(y)}`).join('L')}`);
  return line.length > MOST_MARKERS
    ? path
    : [path, ...line.map(({ x, y }) => marker(style, x, y))].join('\n');
}

function stroke(style: number, d: string): string {
  const dash = dashOf(style);
  return element('path', {
    d,
    fill: 'none',
    stroke: colourOf(style),
    'stroke-width': 2,
    'stroke-linejoin': 'round',
    ...(dash === '' ? {} : { 'stroke-dasharray': dash }),
  });
}

function noData(plot: Plot): string {
  return text('nothing was measured', {
    x: (plot.left + plot.right) / 2,
    y: (plot.top + plot.bottom) / 2,
    'text-anchor': 'middle',
    fill: FAINT_INK,
  });
}
