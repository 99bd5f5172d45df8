/** The port to whatever runs a model: typed tensors in, typed tensors out. */
import type { Tensor, TensorSpec } from '../oip/tensor.ts';

export interface InferenceSession {
  /** As the model file declares them; -1 is variable. */
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /**
   * Runs the model once.
   * @param inputs one tensor for each of {@link inputs}, in that order
   * @param outputs which of {@link outputs} are wanted, by index
   * @returns a tensor for each wanted output, in the order asked for
   * @throws whatever the runtime says of these inputs
   */
  run(inputs: readonly Tensor[], outputs: readonly number[]): Promise<readonly Tensor[]>;
  close(): Promise<void>;
}
