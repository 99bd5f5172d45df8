/** Rows for the fraud model: transactions of the real data set where it is there, else made ones that look like them. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { makeFraudRow } from './fraud-requests.ts';
import { seededRandom } from './random.ts';

/** Credit Card Fraud Detection, Machine Learning Group of ULB: its first rows in order of time. */
const FILE = resolve(
  import.meta.dirname,
  '../../../shared/data/creditcard-fraud/creditcard_first5000rows.csv',
);
const FEATURES = 30;
const SEED = 20_130_901;

export interface FraudRows {
  /** Where they are from, as results tell it. */
  readonly source: 'credit-card transactions (ULB)' | 'generated';
  /** Of 30 features each. */
  readonly rows: readonly (readonly number[])[];
}

/** So many rows; real ones come again from the first on when there are fewer. */
export function fraudRows(count: number): FraudRows {
  if (!existsSync(FILE)) {
    const random = seededRandom(SEED);
    return { source: 'generated', rows: Array.from({ length: count }, () => makeFraudRow(random)) };
  }
  const known = readFileSync(FILE, 'utf8').trimEnd().split(/\r?\n/).slice(1).map(parseRow);
  return {
    source: 'credit-card transactions (ULB)',
    rows: Array.from({ length: count }, (_, index) => known[index % known.length]!),
  };
}

/** What the model is to find out, the class, stands last and is left out. */
function parseRow(line: string): number[] {
  const row = line.split(',').slice(0, FEATURES).map(Number);
  if (row.length < FEATURES || !row.every(Number.isFinite)) throw new Error(`not a transaction: "${line}"`);
  return row;
}
