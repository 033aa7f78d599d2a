// When a node turned NotReady, and whether that is an incident. All times in ms UTC.

/** One event object: the same message again only counts it up, so that it stands for `count` instants. */
export interface Told {
  readonly first: number
  readonly last: number
  readonly count: number
}

export interface Incident {
  readonly first: number
  readonly last: number
  /** How often the node turned NotReady. */
  readonly times: number
  /** The mean time from one to the next, ms. */
  readonly period: number
}

/** The kubelet sets its status every 10 s at most (nodeStatusUpdateFrequency): what is nearer is one change, told twice. */
const sameChange = 10_000

/** A week holds no more of the four-minute kind than some 2,500; what an event counts beyond is older. */
const mostOfOneEvent = 5000

/** So many times within so long are no accident. */
const fewest = 3
const window = 86_400_000

/**
 * The single instants within `from` and `to`, in order. Of a counted event only the first and the last are known: those
 * between are taken to be evenly spread.
 */
export function instantsOf(told: readonly Told[], from: number, to: number): number[] {
  const all = told.flatMap(({ first, last, count }) => {
    const step = count > 1 ? (last - first) / (count - 1) : 0
    return Array.from({ length: Math.min(count, mostOfOneEvent) }, (_, back) => last - back * step)
  })
  const sorted = all.filter((at) => at >= from && at <= to).toSorted((a, b) => a - b)
  const single: number[] = []
  for (const at of sorted) if (at - (single.at(-1) ?? Number.NEGATIVE_INFINITY) >= sameChange) single.push(at)
  return single
}

/** The latest row of instants of which any three neighbours lie within a day; undefined if there is none. */
export function latestIncident(instants: readonly number[]): Incident | undefined {
  const spanTo = (place: number): number =>
    (instants[place] ?? Number.NaN) - (instants[place - fewest + 1] ?? Number.NEGATIVE_INFINITY)
  let end = instants.length - 1
  while (end >= fewest - 1 && spanTo(end) > window) end--
  if (end < fewest - 1) return undefined
  let start = end - fewest + 1
  while (start > 0 && spanTo(start + fewest - 2) <= window) start--
  const [first, last] = [instants[start], instants[end]]
  if (first === undefined || last === undefined) return undefined
  const times = end - start + 1
  return { first, last, times, period: (last - first) / (times - 1) }
}
