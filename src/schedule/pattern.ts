// How close a schedule's runs lie, and whether any comes, as if the clock never changed.
import { lowestBit } from './bits.ts'
import { MINUTE, monthStart } from './calendar.ts'
import type { FieldSchedule, Schedule } from './schedule.ts'
import { DAY_MINUTES, daysOf, firstMinute, lastMinute } from './wall-clock.ts'

/**
 * Months (counted from year 0) to try for every pattern of days. Twenty-eight years hold each order of leap year and
 * first weekday; January 2000 to 2032 also holds every pair of neighbouring years, and 29 February nine times.
 */
const CYCLE_FROM = 2000 * 12
const CYCLE_TO = 2033 * 12

/** Whether no run ever comes: an empty field, or days that the months do not have (31 February). */
export function neverFires(schedule: Schedule): boolean {
  if (schedule.kind === 'every') return false
  return firstMinute(schedule, 0) === DAY_MINUTES || shortestDayGap(schedule) === undefined
}

/** The smallest distance of two runs in ms, as if the clock never changed; undefined if it never fires twice. */
export function shortestGap(schedule: Schedule): number | undefined {
  if (schedule.kind === 'every') return schedule.everyMs
  const first = firstMinute(schedule, 0)
  const days = shortestDayGap(schedule)
  if (first === DAY_MINUTES || days === undefined) return undefined
  const last = lastMinute(schedule, DAY_MINUTES)
  let gap = days * DAY_MINUTES + first - last
  for (let minute = first; minute < last && gap > 1; ) {
    const next = firstMinute(schedule, minute + 1)
    gap = Math.min(gap, next - minute)
    minute = next
  }
  return gap * MINUTE
}

/** The smallest distance of two matching days, in days; undefined if no day matches. */
function shortestDayGap(schedule: FieldSchedule): number | undefined {
  let gap = Number.POSITIVE_INFINITY
  let before = Number.NEGATIVE_INFINITY
  for (let month = CYCLE_FROM; month < CYCLE_TO && gap > 1; month++) {
    const start = monthStart(month)
    for (let days = daysOf(schedule, month, start); days !== 0; days &= days - 1) {
      const day = start + lowestBit(days)
      gap = Math.min(gap, day - before)
      before = day
    }
  }
  return gap === Number.POSITIVE_INFINITY ? undefined : gap
}
