/** What is sent: which model, how many rows in a request, and in which form. */

export const CELLS = {
  'fraud-1-json': { model: 'fraud', rows: 1, form: 'JSON' },
  'fraud-4-json': { model: 'fraud', rows: 4, form: 'JSON' },
  'fraud-64-json': { model: 'fraud', rows: 64, form: 'JSON' },
  'fraud-1-binary': { model: 'fraud', rows: 1, form: 'binary' },
  'fraud-4-binary': { model: 'fraud', rows: 4, form: 'binary' },
  'fraud-64-binary': { model: 'fraud', rows: 64, form: 'binary' },
  'resnet18-binary': { model: 'resnet18', rows: 1, form: 'binary' },
} as const satisfies Readonly<Record<string, Cell>>;

export type LimitModel = 'fraud' | 'resnet18';

export interface Cell {
  readonly model: LimitModel;
  /** Of each request. */
  readonly rows: number;
  readonly form: 'JSON' | 'binary';
}

export type CellName = keyof typeof CELLS;
export const CELL_NAMES = Object.keys(CELLS) as readonly CellName[];

export function cellTitle(name: CellName): string {
  const { model, rows, form } = CELLS[name];
  if (model === 'resnet18') return `ResNet-18, 1 image, ${form}`;
  return `fraud, ${rows} ${rows === 1 ? 'row' : 'rows'}, ${form}`;
}
