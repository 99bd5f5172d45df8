/** Rows of tensors: putting requests together into one batch, and taking the answers apart again. */
import { allocate, type Datatype, type Tensor, type TensorData } from '../oip/tensor.ts';

/** A run of rows of one tensor. */
export interface RowRange {
  readonly tensor: Tensor;
  readonly from: number;
  readonly rows: number;
}

/**
 * One tensor of all the ranges' rows, in order; all have the same datatype and the same shape behind the first
 * dimension. A single whole tensor is returned as it is.
 */
export function concatRows(datatype: Datatype, ranges: readonly RowRange[]): Tensor {
  const first = ranges[0] as RowRange;
  if (ranges.length === 1 && first.from === 0 && first.rows === first.tensor.shape[0]) return first.tensor;
  const stride = rowStride(first.tensor);
  let rows = 0;
  for (const range of ranges) rows += range.rows;
  const data = allocate(datatype, rows * stride);
  let at = 0;
  for (const range of ranges) {
    const part = sliceData(range.tensor.data, range.from * stride, (range.from + range.rows) * stride);
    if (Array.isArray(data)) for (const [i, value] of (part as string[]).entries()) data[at + i] = value;
    // The containers of one datatype are of one class; TypeScript cannot see that over the union.
    else (data as Float32Array).set(part as Float32Array, at);
    at += range.rows * stride;
  }
  return { shape: [rows, ...first.tensor.shape.slice(1)], data };
}

/** The rows `from` to `from + rows` of a tensor; numbers are a view, not a copy. */
export function sliceRows(tensor: Tensor, from: number, rows: number): Tensor {
  if (from === 0 && rows === tensor.shape[0]) return tensor;
  const stride = rowStride(tensor);
  return {
    shape: [rows, ...tensor.shape.slice(1)],
    data: sliceData(tensor.data, from * stride, (from + rows) * stride),
  };
}

function rowStride(tensor: Tensor): number {
  let stride = 1;
  for (let i = 1; i < tensor.shape.length; i++) stride *= tensor.shape[i] as number;
  return stride;
}

function sliceData(data: TensorData, from: number, to: number): TensorData {
  return Array.isArray(data) ? data.slice(from, to) : data.subarray(from, to);
}
