/** A table in markdown: the first column is read as text, the others, which hold figures, stand to the right. */

export function markdownTable(header: string[], rows: string[][]): string {
  const rule = header.map((_, column) => (column === 0 ? '---' : '---:'));
  return [header, rule, ...rows].map(line).join('\n');
}

/** A bar within a cell would end it, and so would a line break. */
function line(cells: string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ')).join(' | ')} |`;
}
