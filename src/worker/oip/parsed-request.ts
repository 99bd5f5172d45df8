/** An infer request as its JSON states it, every tensor checked against the signature, binary parts not read yet. */
import type { TensorData } from '../../oip/tensor.ts';

export interface ParsedInput {
  /** Into signature.inputs. */
  readonly index: number;
  readonly shape: number[];
  /** The product of the shape. */
  readonly count: number;
  /** Undefined where the tensor follows the JSON as `binarySize` bytes. */
  readonly data: TensorData | undefined;
  readonly binarySize: number;
}

export interface ParsedOutput {
  /** Into signature.outputs. */
  readonly index: number;
  /** Undefined: as the request says for all outputs. */
  readonly binary: boolean | undefined;
}

export interface ParsedRequest {
  readonly id: string | undefined;
  /** In the order of the request, which is the order of the binary parts; may repeat or lack an input. */
  readonly inputs: ParsedInput[];
  /** Undefined or empty: all. */
  readonly outputs: ParsedOutput[] | undefined;
  readonly binaryOutputs: boolean;
  /** Time from the arrival of the request in which it is of use, microseconds; 0 is without end. */
  readonly timeoutUs: number;
}
