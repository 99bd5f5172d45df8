/** Compares the shape that a request gives for an input with the one that the model declares. */
import type { TensorSpec } from '../../oip/tensor.ts';
import { describeShape, describeValue, quote } from './describe-value.ts';
import { InvalidRequest } from './invalid-request.ts';

/**
 * Elements in a tensor of `shape` if it fits what is declared: same rank, fixed dimensions equal, variable ones
 * whole and at least 1, and a product that a number holds exactly. Otherwise -1.
 */
export function countElements(shape: readonly number[], declared: readonly number[]): number {
  if (shape.length !== declared.length) return -1;
  let count = 1;
  for (let i = 0; i < shape.length; i++) {
    const dim = shape[i]!;
    const fixed = declared[i]!;
    if (!Number.isSafeInteger(dim) || dim < 1 || (fixed !== -1 && dim !== fixed)) return -1;
    count *= dim;
  }
  return count <= Number.MAX_SAFE_INTEGER ? count : -1;
}

/** The shape and its element count out of a request's JSON; throws InvalidRequest if it does not fit the declared one. */
export function checkShape(shape: unknown, spec: TensorSpec): { shape: number[]; count: number } {
  const input = `input ${quote(spec.name)}`;
  if (!Array.isArray(shape)) {
    throw new InvalidRequest(`${input}: shape must be an array of numbers, got ${describeValue(shape)}`);
  }
  const got = describeShape(shape);
  const expected = describeShape(spec.shape);
  if (shape.length !== spec.shape.length) {
    throw new InvalidRequest(
      `${input}: expected ${spec.shape.length} dimensions as in ${expected}, got ${shape.length} in ${got}`,
    );
  }
  for (const dim of shape) {
    if (!Number.isSafeInteger(dim) || dim < 1) {
      throw new InvalidRequest(
        `${input}: dimensions must be whole numbers of at least 1, got ${describeValue(dim)} in ${got}`,
      );
    }
  }
  const count = countElements(shape, spec.shape);
  if (count === -1) {
    const fits = spec.shape.every((fixed, i) => fixed === -1 || fixed === shape[i]);
    throw new InvalidRequest(
      fits
        ? `${input}: shape ${got} has more elements than any request can carry`
        : `${input}: expected shape ${expected} (-1 is any), got ${got}`,
    );
  }
  return { shape, count };
}
