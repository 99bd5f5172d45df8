/** Rows for the fraud model, all different, and what ONNX Runtime alone answers to each of them. */
import { referenceSession } from './reference-session.ts';

export const FRAUD_FEATURES = 30;

export interface FraudRow {
  readonly features: readonly number[];
  readonly label: number;
  /** Two float32 values. */
  readonly probabilities: readonly number[];
}

/** The same rows each time. */
export async function fraudRows(count: number): Promise<readonly FraudRow[]> {
  await using session = await referenceSession('fraud');
  const rows: FraudRow[] = [];
  for (let row = 0; row < count; row++) {
    const data = Float32Array.from({ length: FRAUD_FEATURES }, (_, i) => feature(row, i));
    const outputs = await session.run({
      input: { type: 'float32', data, shape: [1, FRAUD_FEATURES] },
    });
    rows.push({
      features: [...data],
      label: Number(outputs.label?.data[0]),
      probabilities: Array.from(outputs.probabilities?.data ?? [], Number),
    });
  }
  return rows;
}

/** Spread over the range where the forest's trees part: −6 to 6, and the hash of its place alone. */
function feature(row: number, column: number): number {
  const hash = Math.imul(row * FRAUD_FEATURES + column + 1, 0x9e3779b1) >>> 0;
  return (hash / 2 ** 32) * 12 - 6;
}
