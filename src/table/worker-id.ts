/** Names for worker incarnations that are never used twice (promise CT1). */

/**
 * An id such as `fraud-1-k3f9q2m8x0c7`: readable in a listing, and unique without asking anyone, so that it
 * stays so when the table is lost and comes back empty.
 * @param random64 64 random bits; a clash among a million workers has a chance of 3e-8.
 */
export function newWorkerId(idModel: string, version: string, random64: bigint): string {
  return `${idModel}-${version}-${random64.toString(36).padStart(13, '0')}`;
}
