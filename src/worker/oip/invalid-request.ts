/** The error of an infer request that the client must change: its message names the tensor and what was expected. */
import { TurntableError } from '../../turntable-error.ts';

export class InvalidRequest extends TurntableError<'INVALID_REQUEST'> {
  constructor(message: string, options?: { cause?: unknown }) {
    super('INVALID_REQUEST', message, options);
  }
}
