/**
 * Requests in flight at a worker as several gateways will have them there, each of which hears of the others' load a
 * tick late.
 *
 * Were each to fill the emptiest worker by what it last heard, all would fill it at once and overshoot by as many
 * times as there are gateways. So each takes the others to do what it has done itself since: of a gap, each then
 * fills its share. With one gateway it is the load itself.
 *
 * This is the basic load interpretation of Dahlin ("Interpreting stale load information", ICDCS 1999), with the
 * gateway's own requests for the arrivals that others see.
 */

/**
 * @param others in flight there by the other gateways when they were last heard
 * @param ownThen in flight there by this one at that moment
 * @param ownNow in flight there by this one now
 * @param gateways how many there are, this one included
 */
export function expectedLoad(others: number, ownThen: number, ownNow: number, gateways: number): number {
  return Math.max(0, others + ownThen + gateways * (ownNow - ownThen));
}
