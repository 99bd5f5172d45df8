/** The error of an output that JSON has no way to write: NaN and the infinities. */
import { TurntableError } from '../../turntable-error.ts';

export class NotRepresentable extends TurntableError<'NOT_REPRESENTABLE'> {
  readonly output: string;

  constructor(output: string, value: number) {
    super(
      'NOT_REPRESENTABLE',
      `output ${JSON.stringify(output)} contains ${value}, which JSON cannot represent; ` +
        'request it as binary data (parameters.binary_data: true)',
    );
    this.output = output;
  }
}
