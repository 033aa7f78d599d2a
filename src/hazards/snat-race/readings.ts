// Counters only tell by how much they grow: a few readings of the last minutes, and what became of them.
import { type ConntrackStatistics, type CpuCounters, growth } from '../../linux/conntrack.ts'

/** One reading. `ticks`: ms. */
export interface Reading {
  readonly ticks: number
  readonly cpus: readonly CpuCounters[]
  /** Connections that were begun, as far as they are counted. */
  readonly opens: number | undefined
}

/** What was seen of a window of time. */
export interface Loss {
  readonly forMs: number
  /** Per CPU; those of chains that are too long are taken off where they are told. */
  readonly perCpu: readonly number[]
  readonly lost: number
  readonly opens: number | undefined
}

const counted = ['insert_failed', 'chaintoolong', 'insert']

/** Only what is counted is kept: a node has 64 CPUs with 17 counters. */
export const readingOf = ({ cpus }: ConntrackStatistics, ticks: number, opens: number | undefined): Reading => ({
  ticks,
  opens,
  cpus: cpus.map((cpu) =>
    Object.fromEntries(counted.flatMap((name) => (cpu[name] === undefined ? [] : [[name, cpu[name]]]))),
  ),
})

/** ms between readings that are kept: twenty in ten minutes. */
const apart = 30_000

/** Adds one. The newest of those that are older than the window stays as its beginning; of newer ones one in 30 s. */
export function withReading(before: readonly Reading[], now: Reading, windowMs: number): readonly Reading[] {
  const begin = before.findLast(({ ticks }) => now.ticks - ticks >= windowMs)
  const kept = before.filter((one) => one === begin || now.ticks - one.ticks < windowMs)
  const last = kept.at(-1)
  return last && now.ticks - last.ticks < apart && kept.length > 1 ? kept : [...kept, now]
}

/** What was lost from the first reading to now; undefined if counters were reset in between, or there is no first one. */
export function lossSince(readings: readonly Reading[], now: Reading): Loss | undefined {
  const [first] = readings
  if (!first || first.ticks >= now.ticks) return undefined
  const failed = growth(first, now, 'insert_failed')
  if (!failed) return undefined
  const long = growth(first, now, 'chaintoolong')
  const perCpu = failed.map((count, cpu) => Math.max(0, count - (long?.[cpu] ?? 0)))
  const opens = opensBetween(first, now)
  return { forMs: now.ticks - first.ticks, perCpu, lost: perCpu.reduce((sum, one) => sum + one, 0), opens }
}

/** Where nobody counts connections, old kernels count what they insert. A Pod that ended takes its count along. */
function opensBetween(first: Reading, now: Reading): number | undefined {
  if (first.opens !== undefined && now.opens !== undefined && now.opens > first.opens) return now.opens - first.opens
  const inserted = growth(first, now, 'insert')?.reduce((sum, one) => sum + one, 0)
  return inserted || undefined
}
