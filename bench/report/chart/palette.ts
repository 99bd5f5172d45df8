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

/** Systems that keep their look through the whole report, by how their names begin. */
const KNOWN = [
  'turntable',
  'nginx',
  'haproxy',
  'envoy',
  'traefik',
  'fastapi',
  'mlserver',
  'ray',
  'bento',
  'triton',
];

/** A style for each name: its own where it is known and not yet taken, else the next that is free. */
export function stylesOf(names: readonly string[]): number[] {
  const own = names.map((name) => KNOWN.findIndex((known) => name.toLowerCase().startsWith(known)));
  const taken = new Set<number>();
  const kept = own.map((style) => {
    if (style < 0 || taken.has(style)) return null;
    taken.add(style);
    return style;
  });
  let next = 0;
  return kept.map((style) => {
    if (style !== null) return style;
    while (taken.has(next)) next++;
    taken.add(next);
    return next;
  });
}

export function colourOf(style: number): string {
  return COLOURS[style % COLOURS.length] as string;
}

export function dashOf(style: number): string {
  return DASHES[style % DASHES.length] as string;
}

/** The markers of the second five styles are hollow. */
export function marker(style: number, x: number, y: number): string {
  const corners = MARKERS[style % MARKERS.length];
  const colour = colourOf(style);
  const hollow = Math.floor(style / MARKERS.length) % 2 === 1;
  const paint = { fill: hollow ? '#ffffff' : colour, stroke: colour, 'stroke-width': 1.4 };
  if (corners === null || corners === undefined)
    return element('circle', { cx: x, cy: y, r: MARKER_RADIUS, ...paint });
  const points = corners.map(
    ([dx, dy]) => `${rounded(x + dx * MARKER_RADIUS)},${rounded(y + dy * MARKER_RADIUS)}`,
  );
  return element('polygon', { points: points.join(' '), ...paint });
}
