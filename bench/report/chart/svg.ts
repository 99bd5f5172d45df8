/** SVG by hand: elements as text, and how wide a text will be, as nothing here can measure one. */

const FONT = "system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif";

export const INK = '#24292f';
export const FAINT_INK = '#57606a';
export const GRID = '#e4e8ec';

type Attributes = Readonly<Record<string, string | number>>;

export function element(name: string, attributes: Attributes, content = ''): string {
  const written = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${typeof value === 'number' ? rounded(value) : escapeXml(value)}"`)
    .join('');
  return content === '' ? `<${name}${written}/>` : `<${name}${written}>${content}</${name}>`;
}

export function text(content: string, attributes: Attributes): string {
  return element('text', { fill: INK, 'font-size': 12, ...attributes }, escapeXml(content));
}

/** The picture on its own white card, so that it reads the same before a light and a dark page. */
export function picture(width: number, height: number, title: string, content: readonly string[]): string {
  const card = element('rect', {
    x: 0.5,
    y: 0.5,
    width: width - 1,
    height: height - 1,
    rx: 8,
    fill: '#ffffff',
    stroke: '#d0d7de',
  });
  const named = `<title>${escapeXml(title)}</title>`;
  const size = { width, height, viewBox: `0 0 ${width} ${height}` };
  const root = { xmlns: 'http://www.w3.org/2000/svg', ...size, role: 'img', 'font-family': FONT };
  return `${element('svg', root, ['', named, card, ...content, ''].join('\n'))}\n`;
}

/** Pixels, on the generous side: most fonts that stand in for the first choice are wider than it. */
export function textWidth(content: string, fontSize = 12): number {
  return content.length * fontSize * 0.6;
}

/** Breaks at spaces into lines of at most `width` pixels; a word that is longer keeps a line for itself. */
export function wrapped(content: string, width: number, fontSize: number): string[] {
  const lines: string[] = [];
  for (const word of content.split(' ')) {
    const longer = lines.length === 0 ? word : `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && textWidth(longer, fontSize) <= width) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** A tenth of a pixel: the pictures are checked in, and digits that nobody sees would only be noise there. */
export function rounded(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function escapeXml(content: string): string {
  return content
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
