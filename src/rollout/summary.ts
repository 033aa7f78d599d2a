// What a load came to, in figures.
import { type Failure, isLost, type Outcome } from './outcomes.ts'

/** Latencies from the planned instant, ms. */
export interface Latencies {
  readonly p50: number
  readonly p99: number
  readonly worst: number
}

export interface Summary {
  /** Requests that have ended. */
  readonly sent: number
  readonly lost: number
  /** How many were lost to what: a failure, or the status that a proxy answered. */
  readonly lostTo: Readonly<Partial<Record<Failure | `${number}`, number>>>
  /** Of those that were served; undefined if none was. */
  readonly latency: Latencies | undefined
  readonly lateness: Lateness
}

/** How late the generator itself sent. `spoilt`: too late for its figures to be taken as those of what it asked. */
export interface Lateness {
  readonly p99Ms: number
  readonly spoilt: boolean
}

/** ms: timers are 1 ms late by themselves. */
export const mostLatenessMs = 5

/** The value that `share` (0 to 1) of them do not exceed, by the nearest rank; undefined of none. @param sorted ascending. */
export const percentile = (sorted: readonly number[], share: number): number | undefined =>
  sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]

export function summaryOf(outcomes: readonly Outcome[]): Summary {
  const lost = outcomes.filter(isLost)
  const lostTo: Partial<Record<Failure | `${number}`, number>> = {}
  for (const { result } of lost) {
    const to = 'failure' in result ? result.failure : (`${result.status}` as const)
    lostTo[to] = (lostTo[to] ?? 0) + 1
  }
  const served = outcomes.filter((one) => !isLost(one)).map(({ endedMs, plannedMs }) => endedMs - plannedMs)
  return {
    sent: outcomes.length,
    lost: lost.length,
    lostTo,
    latency: latencies(served),
    lateness: latenessOf(outcomes),
  }
}

function latencies(values: readonly number[]): Latencies | undefined {
  const sorted = ascending(values)
  const [p50, p99, worst] = [percentile(sorted, 0.5), percentile(sorted, 0.99), sorted.at(-1)]
  return p50 === undefined || p99 === undefined || worst === undefined ? undefined : { p50, p99, worst }
}

/** Of several loads too: they come from one process. */
export function latenessOf(outcomes: readonly Outcome[]): Lateness {
  const p99Ms = percentile(ascending(outcomes.map(({ sentMs, plannedMs }) => sentMs - plannedMs)), 0.99) ?? 0
  return { p99Ms, spoilt: p99Ms > mostLatenessMs }
}

/** What a person is told who reads figures that are not what they seem; undefined if they are. */
export const spoiltText = ({ p99Ms, spoilt }: Lateness): string | undefined =>
  spoilt
    ? `the generator itself was late (p99 ${p99Ms.toFixed(1)} ms, ${mostLatenessMs} ms are borne): its latencies are spoilt and its rate was uneven; losses are counted as they were`
    : undefined

const ascending = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b)
