/** What every chart has around its data: title, legend, the two axes with their names, the grid. */
import { numberText } from './number-text.ts';
import { position, type Scale } from './scale.ts';
import { element, FAINT_INK, GRID, INK, text, textWidth, wrapped } from './svg.ts';

export const WIDTH = 760;
const BASE_HEIGHT = 420;
const USUAL_BELOW = 100;
const TITLE_SIZE = 15;
const TITLE_LINE = 19;
const LEGEND_LINE = 19;
const LEGEND_SYMBOL = 30;

/** Where the data goes, in pixels; `top` lies above `bottom`, so it is the smaller number. */
export interface Plot {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export interface Frame {
  readonly plot: Plot;
  readonly height: number;
  readonly drawn: readonly string[];
}

interface FrameOptions {
  readonly title: string;
  readonly yLabel: string;
  readonly y: Scale;
  /** Empty for none. */
  readonly legend: readonly string[];
  /** Draws what stands before a name in the legend, around a middle. */
  readonly symbol: (series: number, x: number, y: number) => string;
  /** Pixels below the plot for what the chart itself writes there. */
  readonly below: number;
}

export function frame(options: FrameOptions): Frame {
  const titleLines = wrapped(options.title, WIDTH - 40, TITLE_SIZE);
  const titleEnd = 12 + titleLines.length * TITLE_LINE;
  const places = legendPlaces(options.legend);
  const legendRows = places.length === 0 ? 0 : (places.at(-1)?.row ?? 0) + 1;
  const top = titleEnd + legendRows * LEGEND_LINE + 18;
  // A long legend, or long names below, make the picture higher rather than the data flatter.
  const more = Math.max(0, legendRows - 2) * LEGEND_LINE + (titleLines.length - 1) * TITLE_LINE;
  const height = Math.round(BASE_HEIGHT + more + Math.max(0, options.below - USUAL_BELOW));
  const widest = Math.max(...options.y.ticks.map((tick) => textWidth(numberText(tick), 11)), 16);
  const plot = { left: 46 + widest, right: WIDTH - 24, top, bottom: height - options.below };
  const title = titleLines.map((line, index) =>
    text(line, { x: 20, y: 27 + index * TITLE_LINE, 'font-size': TITLE_SIZE, 'font-weight': 600 }),
  );
  const legend = places.flatMap(({ name, series, x, row }) => {
    const y = titleEnd + 12 + row * LEGEND_LINE;
    return [
      options.symbol(series, x + LEGEND_SYMBOL / 2 - 3, y),
      text(name, { x: x + LEGEND_SYMBOL, y: y + 4 }),
    ];
  });
  return { plot, height, drawn: [...title, ...legend, ...yAxis(plot, options.y, options.yLabel)] };
}

/** Names one after the other, a new row where the next would leave the picture. */
function legendPlaces(names: readonly string[]) {
  let x = 20;
  let row = 0;
  return names.map((name, series) => {
    const width = LEGEND_SYMBOL + textWidth(name) + 16;
    if (x > 20 && x + width > WIDTH - 10) {
      x = 20;
      row++;
    }
    const place = { name, series, x, row };
    x += width;
    return place;
  });
}

function yAxis(plot: Plot, y: Scale, label: string): string[] {
  const lines = y.ticks.flatMap((tick) => {
    const at = position(y, tick, plot.bottom, plot.top);
    return [
      element('line', { x1: plot.left, x2: plot.right, y1: at, y2: at, stroke: GRID }),
      text(numberText(tick), {
        x: plot.left - 8,
        y: at + 4,
        'text-anchor': 'end',
        'font-size': 11,
        fill: FAINT_INK,
      }),
    ];
  });
  const middle = (plot.top + plot.bottom) / 2;
  const name = text(label, {
    x: 20,
    y: middle,
    'text-anchor': 'middle',
    transform: `rotate(-90 20 ${Math.round(middle)})`,
    fill: INK,
  });
  const zero = y.kind === 'linear' ? position(y, 0, plot.bottom, plot.top) : plot.bottom;
  const ground = element('line', {
    x1: plot.left,
    x2: plot.right,
    y1: zero,
    y2: zero,
    stroke: FAINT_INK,
  });
  return [...lines, name, ground];
}
