/** A table in markdown: columns of figures stand to the right; the first, which names a row, to the left. */

export function markdownTable(header: string[], rows: string[][]): string {
  const isRight = (column: number) => column > 0 && rows.every((row) => isFigure(row[column]));
  const rule = header.map((_, column) => (isRight(column) ? '---:' : '---'));
  return [header, rule, ...rows].map(line).join('\n');
}

/** A number, perhaps emphasized, compared, or with words behind it; or the sign that there is none. */
function isFigure(cell = ''): boolean {
  return /^[*_`\s]*(?:[<>≤≥~±+-]*\s*\d|[-–—]?$|n\/a|never)/.test(cell);
}

/** A bar within a cell would end it, and so would a line break. */
function line(cells: string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ')).join(' | ')} |`;
}
