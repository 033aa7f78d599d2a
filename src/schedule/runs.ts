import type { Zone } from '../contract/hazard.ts'
import { DAY, HOUR, SECOND } from './calendar.ts'
import { countMatches, lastMatch, nextMatch, YEARS_AHEAD } from './matches.ts'
import { shortestGap } from './pattern.ts'
import type { FieldSchedule, Schedule } from './schedule.ts'
import { nextUpset, walk } from './walk.ts'
import { DAY_MINUTES, firstMinute } from './wall-clock.ts'

export { neverFires, shortestGap } from './pattern.ts'

// Everywhere here `zone` is the one to use where the schedule names none of its own, and an instant is ms UTC.

/** The library gives up within this time (ms), the rest of the year it starts in included. */
const GIVES_UP = (YEARS_AHEAD + 1) * 366 * DAY

/**
 * The first run strictly after `after`, as Kubernetes computes it. Undefined if the next five years have none.
 * `@every` adds its delay to `after` without the part of a second.
 */
export function nextRun(schedule: Schedule, zone: Zone, after: number): number | undefined {
  const second = Math.floor(after / SECOND) * SECOND
  if (schedule.kind === 'every') return second + schedule.everyMs
  const used = schedule.zone ?? zone
  if (firstMinute(schedule, 0) === DAY_MINUTES) return undefined
  const start = second + SECOND
  const match = nextMatch(schedule, used, start)
  // Within one hour only minutes are stepped through, and no step leads over a clock change.
  if (match !== undefined && isSameHour(used, start, match)) return match
  if (!nextUpset(used, second, match ?? second + GIVES_UP)) return match
  const run = walk(schedule, used, after)
  return Number.isNaN(run) ? match : run
}

function isSameHour(zone: Zone, start: number, end: number): boolean {
  const { to, offset } = zone.stretch(start)
  return end < to && Math.floor((start + offset) / HOUR) === Math.floor((end + offset) / HOUR)
}

/** The last run in (`after`, `upTo`], as repeated `nextRun` from `after` finds it. Undefined if there is none. */
export function latestRun(schedule: Schedule, zone: Zone, after: number, upTo: number): number | undefined {
  if (schedule.kind === 'every') {
    const count = countRuns(schedule, zone, after, upTo)
    return count === 0 ? undefined : Math.floor(after / SECOND) * SECOND + count * schedule.everyMs
  }
  return follow(schedule, schedule.zone ?? zone, after, upTo).last
}

/**
 * How many runs there are in (`after`, `upTo`], as repeated `nextRun` from `after` finds them; both finite.
 * The work grows with the months and clock changes between, not with the runs.
 */
export function countRuns(schedule: Schedule, zone: Zone, after: number, upTo: number): number {
  if (schedule.kind === 'every') {
    const start = Math.floor(after / SECOND) * SECOND
    return Math.max(0, Math.floor((upTo - start) / schedule.everyMs))
  }
  return follow(schedule, schedule.zone ?? zone, after, upTo).count
}

/** The runs of (`after`, `upTo`], one from the other: as matches, but run by run where clock changes upset the walk. */
function follow(
  schedule: FieldSchedule,
  zone: Zone,
  after: number,
  upTo: number,
): { count: number; last: number | undefined } {
  let at = Math.floor(after)
  let count = 0
  let last: number | undefined
  for (;;) {
    const upset = nextUpset(zone, at, upTo)
    const end = Math.min(upset?.from ?? Number.POSITIVE_INFINITY, Math.floor(upTo) + 1)
    const match = lastMatch(schedule, zone, at + 1, end)
    if (match !== undefined) {
      count += countMatches(schedule, zone, at + 1, end)
      at = last = match
    }
    if (!upset) return { count, last }
    do {
      const run = nextRun(schedule, zone, at)
      if (run === undefined || run > upTo) return { count, last }
      count++
      at = last = run
    } while (at < upset.calm)
  }
}

/** A week at a run a minute, the densest there can be: after it the pattern of weekdays begins anew. */
const MOST_WINDOWS = 7 * 24 * 60
/** After 28 years each weekday falls on the same dates again. */
const CALENDAR_CYCLE = 28 * 365.25 * DAY
const YEAR = 366 * DAY

/**
 * Whether more than `limit` runs can fall into a window (t, t + `windowMs`], t at or after `from` (ms UTC).
 *
 * The fullest window begins just before a run, so only such windows are counted, and only so many: those before each
 * of the first 10,080 runs in 28 years; and, because clock changes move runs together, those that reach over a clock
 * change of the next 366 days, 10,080 at each at most. That is exact where times and weekdays alone make the pattern;
 * where rare dates do, a fuller window that begins later than 10,080 runs is missed.
 */
export function moreThanFit(schedule: Schedule, zone: Zone, limit: number, windowMs: number, from: number): boolean {
  const gap = shortestGap(schedule)
  if (gap === undefined) return false
  // More than `limit` runs in a row never lie closer than this, clock changes left aside.
  const evenly = gap * limit < windowMs
  if (schedule.kind === 'every') return evenly
  return (
    (evenly && fullWindow(schedule, zone, limit, windowMs, from)) ||
    fullWindowAtChange(schedule, zone, limit, windowMs, from)
  )
}

function fullWindow(schedule: Schedule, zone: Zone, limit: number, windowMs: number, from: number): boolean {
  let run = nextRun(schedule, zone, from)
  for (let windows = 0; run !== undefined && windows < MOST_WINDOWS && run < from + CALENDAR_CYCLE; windows++) {
    if (countRuns(schedule, zone, run - 1, run - 1 + windowMs) > limit) return true
    run = nextRun(schedule, zone, run)
  }
  return false
}

function fullWindowAtChange(schedule: Schedule, zone: Zone, limit: number, windowMs: number, from: number): boolean {
  const used = schedule.zone ?? zone
  for (let change = used.stretch(from).to; change < from + YEAR; change = used.stretch(change).to) {
    const earliest = Math.max(from, change - windowMs)
    let run = latestRun(schedule, zone, earliest, change - 1)
    // With `limit` runs or more between a window's begin and the change, the change is no part of the question.
    for (let windows = 0; run !== undefined && windows < Math.min(limit, MOST_WINDOWS); windows++) {
      if (countRuns(schedule, zone, run - 1, run - 1 + windowMs) > limit) return true
      run = latestRun(schedule, zone, earliest, run - 1)
    }
  }
  return false
}
