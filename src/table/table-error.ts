/** What a change of the table fails with when it is not for this process to make. */
import { TurntableError } from '../turntable-error.ts';

/** Another controller acts, or none: the changes of this one are not taken. */
export class NotActingError extends TurntableError<'NOT_ACTING'> {
  constructor(id_controller: string) {
    super('NOT_ACTING', `controller "${id_controller}" does not act`);
  }
}
