/**
 * Who may take more of what all share: whoever holds some may have a few times as much as is still free. One that
 * floods then stops short of the whole, and whoever comes finds room. Pure.
 *
 * This is the dynamic threshold of Choudhury and Hahne ("Dynamic queue length thresholds for shared-memory packet
 * switches", IEEE/ACM ToN 1998).
 */

/** One holder alone gets four fifths of the whole, two get four ninths each. */
const FACTOR = 4;

/**
 * @param held by whoever asks @param wanted more @param used by all together, `held` included @param total of all
 */
export function hasFairRoom(held: number, wanted: number, used: number, total: number): boolean {
  const free = total - used;
  if (wanted > free) return false;
  // What comes first fits when there is room at all.
  return held === 0 || held + wanted <= FACTOR * free;
}
