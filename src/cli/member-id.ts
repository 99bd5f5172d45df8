/** Names for gateways and controllers that are never used twice. */
import { randomBytes } from 'node:crypto';

/** Such as `gw-9f86d081fe`. */
export function newMemberId(kind: 'gw' | 'ct'): string {
  return `${kind}-${randomBytes(5).toString('hex')}`;
}
