/** How ten series are told apart: by colour, also by colour-blind readers, by line and by marker. */
import { element, rounded } from './svg.ts';

/** The colours of Okabe and Ito without yellow, which white swallows, and three of Paul Tol's muted set, and grey. */
const COLOURS = [
  '#0072B2',
  '#D55E00',
  '#009E73',
  '#CC79A7',
  '#E69F00',
  '#56B4E9',
  '#332288',
  '#882255',
  '#999933',
  '#6E7781',
] as const;

const DASHES = ['', '7 3', '2 3', '9 3 2 3', '', '7 3', '2 3', '9 3 2 3', '', '7 3'] as const;

/** Corners of each marker around its middle, in units of its radius; null is a circle. */
const MARKERS: readonly (readonly (readonly [number, number])[] | null)[] = [
  null,
  [
    [-0.9, -0.9],
    [0.9, -0.9],
    [0.9, 0.9],
    [-0.9, 0.9],
  ],
  [
    [0, -1.15],
    [1.1, 0.8],
    [-1.1, 0.8],
  ],
  [
    [0, -1.3],
    [1.1, 0],
    [0, 1.3],
    [-1.1, 0],
  ],
  [
    [0, 1.15],
    [1.1, -0.8],
    [-1.1, -0.8],
  ],
];

const MARKER_RADIUS = 3.6;

export function colourOf(series: number): string {
  return COLOURS[series % COLOURS.length] as string;
}

export function dashOf(series: number): string {
  return DASHES[series % DASHES.length] as string;
}

/** The markers of the second five series are hollow. */
export function marker(series: number, x: number, y: number): string {
  const corners = MARKERS[series % MARKERS.length];
  const colour = colourOf(series);
  const hollow = Math.floor(series / MARKERS.length) % 2 === 1;
  const paint = { fill: hollow ? '#ffffff' : colour, stroke: colour, 'stroke-width': 1.4 };
  if (corners === null || corners === undefined)
    return element('circle', { cx: x, cy: y, r: MARKER_RADIUS, ...paint });
  const points = corners.map(
    ([dx, dy]) => `${rounded(x + dx * MARKER_RADIUS)},${rounded(y + dy * MARKER_RADIUS)}`,
  );
  return element('polygon', { points: points.join(' '), ...paint });
}
