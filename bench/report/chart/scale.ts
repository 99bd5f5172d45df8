/** From values to pixels: linear and logarithmic axes, with ticks at numbers that people count in. */

export type ScaleKind = 'linear' | 'log';

export interface Scale {
  readonly kind: ScaleKind;
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly number[];
}

/** From `start` pixels at the low end to `end` at the high end; what lies outside is drawn at the nearer end. */
export function position(scale: Scale, value: number, start: number, end: number): number {
  const share =
    scale.kind === 'log'
      ? Math.log(Math.max(value, scale.low) / scale.low) / Math.log(scale.high / scale.low)
      : (value - scale.low) / (scale.high - scale.low);
  return start + Math.min(1, Math.max(0, share)) * (end - start);
}

/** Whether a value has a place on the axis at all: a logarithm knows neither zero nor less. */
export function drawable(kind: ScaleKind, value: number | null | undefined): value is number {
  return typeof value === 'number' && Number.isFinite(value) && (kind === 'linear' || value > 0);
}

/**
 * An axis that holds all values and ends on ticks. A linear one starts at zero, so that heights can be compared.
 * @param headroom share of the axis to leave free at its upper end
 */
export function scaleOf(kind: ScaleKind, values: readonly number[], headroom = 0): Scale {
  const drawn = values.filter((value) => drawable(kind, value));
  if (drawn.length === 0) return { kind, low: 1, high: 10, ticks: [] };
  const lowest = drawn.reduce((a, b) => Math.min(a, b));
  const highest = drawn.reduce((a, b) => Math.max(a, b));
  return kind === 'log' ? logScale(lowest, highest, headroom) : linearScale(lowest, highest, headroom);
}

/** An axis that runs from the first to the last value, with a tick at each: for the few settings that were measured. */
export function scaleOfSettings(kind: ScaleKind, settings: readonly number[]): Scale {
  const drawn = settings.filter((value) => drawable(kind, value)).sort((a, b) => a - b);
  const low = drawn[0] ?? 1;
  const high = drawn.at(-1) ?? low;
  if (low < high) return { kind, low, high, ticks: drawn };
  const [below, above] = kind === 'log' ? [low / 2, low * 2] : [low - 1, low + 1];
  return { kind, low: below, high: above, ticks: [low] };
}

function linearScale(lowest: number, highest: number, headroom: number): Scale {
  const from = Math.min(0, lowest);
  const to = Math.max(0, highest);
  const span = (to - from || 1) / (1 - headroom);
  const step = stepOf(span / 6);
  const low = Math.floor(from / step) * step;
  const high = Math.max(Math.ceil((from + span) / step - 1e-9), 1) * step;
  const count = Math.round((high - low) / step);
  return {
    kind: 'linear',
    low,
    high,
    ticks: Array.from({ length: count + 1 }, (_, tick) => low + tick * step),
  };
}

/** The next larger of 1, 2, 5, 10, … */
function stepOf(least: number): number {
  const decade = 10 ** Math.floor(Math.log10(least));
  return decade * ([1, 2, 5].find((factor) => factor * decade >= least * (1 - 1e-9)) ?? 10);
}

function logScale(lowest: number, highest: number, headroom: number): Scale {
  const ratio = Math.max(highest / lowest, 1.5);
  const from = Math.log10(lowest);
  const to = from + Math.log10(ratio) / (1 - headroom);
  // Few decades would leave an axis with hardly a number on it.
  const factors = to - from > 3 ? [1] : [1, 2, 5];
  const marks: number[] = [];
  for (let decade = Math.floor(from) - 1; decade <= Math.ceil(to) + 1; decade++) {
    for (const factor of factors) marks.push(factor * 10 ** decade);
  }
  const first = marks.findLastIndex((mark) => mark <= lowest * (1 + 1e-9));
  const last = marks.findIndex((mark) => mark >= 10 ** to * (1 - 1e-9));
  const ticks = marks.slice(first, last + 1);
  return { kind: 'log', low: ticks[0] ?? lowest, high: ticks.at(-1) ?? highest, ticks };
}
