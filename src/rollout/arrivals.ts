// When requests are due. A constant rate, whatever the answers do: who waits for an answer before asking again asks least
// while it hurts most, and leaves out of its figures what users met (coordinated omission).

/** Requests of one load that arrive evenly. `offsetMs`: when the first is due, so that several loads need not send at once. */
export interface Arrivals {
  readonly perSecond: number
  readonly offsetMs?: number
}

/** A single process keeps its instants up to here, with all its loads together; fresh connections of HTTP/2 or TLS take more (bench/README.md). */
export const mostPerSecond = 2000

/** @throws RangeError for a rate that can't be kept: none, or over 2000 per second. */
export function expectRate({ perSecond }: Arrivals): void {
  if (!(perSecond > 0 && perSecond <= mostPerSecond))
    throw new RangeError(`${perSecond} requests per second: it has to be over 0 and at most ${mostPerSecond}`)
}

/** When the request of this index (from 0) is due, ms from the start. Reckoned anew for each, so that nothing adds up. */
export const dueMs = ({ perSecond, offsetMs = 0 }: Arrivals, index: number): number =>
  offsetMs + (index * 1000) / perSecond
