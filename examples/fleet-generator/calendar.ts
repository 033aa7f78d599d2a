// The fleet's only clock: everything is counted back from the moment of the export.
import { Cron } from 'croner'

export const second = 1000
export const minute = 60 * second
export const hour = 60 * minute
export const day = 24 * hour

/** Reads an RFC 3339 time; gives ms UTC. Throws if it is none. */
export function at(time: string): number {
  const ms = Date.parse(time)
  if (Number.isNaN(ms)) throw new Error(`expected a time such as 2026-11-23T08:00:00Z, got "${time}"`)
  return ms
}

/** Writes ms UTC the way the API server does: RFC 3339, whole seconds. */
export const iso = (ms: number): string =>
  new Date(Math.floor(ms / second) * second).toISOString().replace('.000Z', 'Z')

/** When the fleet was exported, a Monday; ms UTC. */
export const exportedAt = at('2026-11-23T08:00:00Z')

/**
 * The newest scheduled times at or before `upTo` (ms UTC), oldest first, at most `count`. Without a zone the schedule
 * counts in UTC, the zone of this fleet's kube-controller-managers.
 */
export function lastRuns(schedule: string, zone: string | undefined, upTo: number, count: number): number[] {
  if (count === 0) return []
  const cron = new Cron(schedule, { timezone: zone ?? 'UTC' })
  // previousRuns leaves out the reference itself.
  const runs = cron.previousRuns(count, new Date(upTo + second))
  return runs.map((run) => run.getTime()).sort((a, b) => a - b)
}
