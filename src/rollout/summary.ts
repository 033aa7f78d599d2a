// What a load came to, in figures.
import { type Counts, OutcomeLog } from './outcome-log.ts'
import type { Outcome } from './outcomes.ts'

/** Latencies from the planned instant, ms. */
export interface Latencies {
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p999: number
  readonly worst: number
}

export interface Summary extends Counts {
  /** Of those that were served; undefined if none was. */
  readonly latency: Latencies | undefined
  readonly lateness: Lateness
}

/**
 * How late the generator itself sent, and how many it could not send. `spoilt`: too late or too many for its figures to be taken as
 * those of what it asked.
 */
export interface Lateness {
  readonly p99Ms: number
  readonly exhausted: number
  readonly spoilt: boolean
}

/**
 * ms. Timers are 1 ms late by themselves, and latency counts from the planned instant, so lateness is part of it: up to here a p99 of
 * some ms may be the generator's own, which matters to nobody beside a rollout's losses and delays; above, a figure would say of
 * a service what the machine that measures did.
 */
export const mostLatenessMs = 5

/** The value that `share` (0 to 1) of them do not exceed, by the nearest rank; undefined of none. @param sorted ascending. */
export const percentile = (sorted: ArrayLike<number>, share: number): number | undefined =>
  sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]

export const summaryOf = (outcomes: readonly Outcome[]): Summary => summaryOfLog(logOf(outcomes))

export const summaryOfLog = (log: OutcomeLog): Summary => ({
  ...log.counts(),
  latency: latenciesOf(log.latencies()),
  lateness: latenessOfLogs([log]),
})

/** @param sorted ascending, ms. */
export function latenciesOf(sorted: ArrayLike<number>): Latencies | undefined {
  const at = (share: number): number => percentile(sorted, share) ?? 0
  if (sorted.length === 0) return undefined
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), p999: at(0.999), worst: at(1) }
}

export const latenessOf = (outcomes: readonly Outcome[]): Lateness => latenessOfLogs([logOf(outcomes)])

/** Of several loads together: they come from one process. */
export function latenessOfLogs(logs: readonly OutcomeLog[]): Lateness {
  const each = logs.map((log) => log.lateness())
  const p99Ms = percentile(mergedOf(each), 0.99) ?? 0
  const exhausted = logs.reduce((sum, log) => sum + (log.counts().lostTo.exhausted ?? 0), 0)
  return { p99Ms, exhausted, spoilt: p99Ms > mostLatenessMs || exhausted > 0 }
}

/** What a person is told who reads figures that are not what they seem; undefined if they are. */
export function spoiltText({ p99Ms, exhausted, spoilt }: Lateness): string | undefined {
  if (!spoilt) return undefined
  if (exhausted > 0)
    return `${exhausted} requests were not sent: this machine had no source port or file left for them, which is no fault of who was asked; a lower rate or kept connections need fewer`
  return `the generator itself was late (p99 ${p99Ms.toFixed(1)} ms, ${mostLatenessMs} ms are borne): its latencies are spoilt and its rate was uneven; losses are counted as they were`
}

function mergedOf(each: readonly Float32Array[]): Float32Array {
  if (each.length === 1 && each[0]) return each[0]
  const all = new Float32Array(each.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const one of each) {
    all.set(one, at)
    at += one.length
  }
  return all.sort()
}

function logOf(outcomes: readonly Outcome[]): OutcomeLog {
  const log = new OutcomeLog()
  for (const one of outcomes) log.add(one)
  return log
}
