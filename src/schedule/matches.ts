// Instants whose local time in a zone matches a schedule: what a clock change skips does not match, what it repeats
// matches twice. Time is cut where the offset changes, so that each piece is a question of local time alone.
import type { Zone } from '../contract/hazard.ts'
import { DAY, yearOf, yearStart } from './calendar.ts'
import type { FieldSchedule } from './schedule.ts'
import { countLocalRuns, firstRun, lastRun } from './wall-clock.ts'

/** Kubernetes's library gives up after the fifth year that follows the one it starts in (robfig/cron, spec.go). */
export const YEARS_AHEAD = 5

/** The first match at or after `from` (ms UTC); undefined if the next five years have none. */
export function nextMatch(schedule: FieldSchedule, zone: Zone, from: number): number | undefined {
  let stretch = zone.stretch(from)
  const limit = yearStart(yearOf(Math.floor((from + stretch.offset) / DAY)) + YEARS_AHEAD + 1) * DAY
  for (let start = from; ; start = stretch.from) {
    const { offset, to } = stretch
    const run = firstRun(schedule, start + offset, Math.min(to + offset, limit))
    if (run !== Number.POSITIVE_INFINITY) return run - offset
    if (to + offset >= limit) return undefined
    stretch = zone.stretch(to)
  }
}

/** The last match from `from` to before `to` (ms UTC); undefined if there is none. */
export function lastMatch(schedule: FieldSchedule, zone: Zone, from: number, to: number): number | undefined {
  for (let end = to; end > from; ) {
    const stretch = zone.stretch(end - 1)
    const run = lastRun(schedule, Math.max(stretch.from, from) + stretch.offset, end + stretch.offset)
    if (run !== Number.NEGATIVE_INFINITY) return run - stretch.offset
    end = stretch.from
  }
  return undefined
}

/** How many matches there are from `from` to before `to` (ms UTC). The work grows with the months between. */
export function countMatches(schedule: FieldSchedule, zone: Zone, from: number, to: number): number {
  let count = 0
  for (let start = from; start < to; ) {
    const stretch = zone.stretch(start)
    const end = Math.min(stretch.to, to)
    count += countLocalRuns(schedule, start + stretch.offset, end + stretch.offset)
    start = end
  }
  return count
}
