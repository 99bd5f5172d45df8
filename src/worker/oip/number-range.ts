/** Which numbers each numeric datatype can hold. */
import type { Datatype } from '../../oip/tensor.ts';

export type FloatDatatype = 'FP16' | 'FP32' | 'FP64';
export type SmallIntegerDatatype = 'UINT8' | 'UINT16' | 'UINT32' | 'INT8' | 'INT16' | 'INT32';
export type BigIntegerDatatype = 'UINT64' | 'INT64';

/**
 * The least magnitude that rounds to infinity: the largest finite value and half a unit in its last place
 * (IEEE 754 ties to even: the tie goes up). JSON has no infinity, so FP64's own limit is reached by 1e309 and the like.
 */
export const FLOAT_LIMIT: Readonly<Record<FloatDatatype, number>> = {
  FP16: 65520, // 65504 + 16
  FP32: 2 ** 128 - 2 ** 103,
  FP64: Number.POSITIVE_INFINITY,
};

export const INTEGER_RANGE: Readonly<Record<SmallIntegerDatatype, readonly [min: number, max: number]>> = {
  UINT8: [0, 2 ** 8 - 1],
  UINT16: [0, 2 ** 16 - 1],
  UINT32: [0, 2 ** 32 - 1],
  INT8: [-(2 ** 7), 2 ** 7 - 1],
  INT16: [-(2 ** 15), 2 ** 15 - 1],
  INT32: [-(2 ** 31), 2 ** 31 - 1],
};

export const BIG_INTEGER_RANGE: Readonly<Record<BigIntegerDatatype, readonly [min: bigint, max: bigint]>> = {
  UINT64: [0n, 2n ** 64n - 1n],
  INT64: [-(2n ** 63n), 2n ** 63n - 1n],
};

export function isFloat(datatype: Datatype): datatype is FloatDatatype {
  return datatype === 'FP32' || datatype === 'FP64' || datatype === 'FP16';
}

export function isBigInteger(datatype: Datatype): datatype is BigIntegerDatatype {
  return datatype === 'INT64' || datatype === 'UINT64';
}
