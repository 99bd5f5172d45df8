/** What a threaded session and its thread say to each other. */
import type { Tensor } from '../../oip/tensor.ts';

export interface ThreadRequest {
  readonly id: number;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly number[];
}

/** The thread's answer; id 0 says that the model is loaded. */
export type ThreadReply =
  | { readonly id: number; readonly outputs: readonly Tensor[] }
  | { readonly id: number; readonly error: string };

/** The memory of tensors, so that it is handed over instead of copied; each tensor must own all of its buffer. */
export function transferables(tensors: readonly Tensor[]): ArrayBuffer[] {
  const buffers = new Set<ArrayBuffer>();
  for (const { data } of tensors) if (!Array.isArray(data)) buffers.add(data.buffer as ArrayBuffer);
  return [...buffers];
}

/** A tensor that owns all of its buffer: itself, or a copy where it is a view of something larger. */
export function owned(tensor: Tensor): Tensor {
  const { data } = tensor;
  return Array.isArray(data) ? tensor : { shape: tensor.shape, data: data.slice() };
}
