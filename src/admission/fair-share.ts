/**
 * Who may take more of what all share: whoever holds some may have a few times as much as is then still free. One that
 * floods stops short of the whole, so that whoever comes finds room. Pure.
 *
 * This is the dynamic threshold of Choudhury and Hahne ("Dynamic queue length thresholds for shared-memory packet
 * switches", IEEE/ACM Transactions on Networking, 1998), which needs to know neither how many share nor who will come.
 */

/** n that flood get FACTOR / (1 + n × FACTOR) of the whole each: one alone 80 %, two 44 %, three 31 %. */
const FACTOR = 4;

/**
 * @param held by whoever asks
 * @param wanted more
 * @param used by all together, `held` included
 * @param total of all
 */
export function hasFairRoom(held: number, wanted: number, used: number, total: number): boolean {
  const freeAfter = total - used - wanted;
  if (freeAfter < 0) return false;
  // The first of a holder fits where there is room at all.
  return held === 0 || held + wanted <= FACTOR * freeAfter;
}
