// Runs by local time alone, in ms of a clock that never changes: the caller cuts time at the zone's changes.
// Nothing here allocates.
import { bitsBelow, bitsFrom, countBits, highestBit, lowestBit } from './bits.ts'
import { DAY, MINUTE, monthOf, monthStart, weekdayOf } from './calendar.ts'
import type { FieldSchedule } from './schedule.ts'

export const DAY_MINUTES = 1440

/** The first run at or after `from` and before `to`; Infinity if there is none. */
export function firstRun(s: FieldSchedule, from: number, to: number): number {
  const minute = Math.ceil(from / MINUTE)
  const day = Math.floor(minute / DAY_MINUTES)
  let month = monthOf(day)
  let start = monthStart(month)
  let days = daysOf(s, month, start)
  let place = day - start
  if ((days >>> place) & 1) {
    const time = firstMinute(s, minute - day * DAY_MINUTES)
    if (time < DAY_MINUTES) return before(to, day * DAY + time * MINUTE)
  }
  const time = firstMinute(s, 0)
  if (time === DAY_MINUTES) return Number.POSITIVE_INFINITY
  place++
  days = place > 31 ? 0 : bitsFrom(days, place)
  while (days === 0) {
    month++
    start = monthStart(month)
    if (start * DAY >= to) return Number.POSITIVE_INFINITY
    days = daysOf(s, month, start)
  }
  return before(to, (start + lowestBit(days)) * DAY + time * MINUTE)
}

const before = (limit: number, run: number): number => (run < limit ? run : Number.POSITIVE_INFINITY)

/** The last run at or after `from` and before `to`; -Infinity if there is none. */
export function lastRun(s: FieldSchedule, from: number, to: number): number {
  const minute = Math.ceil(to / MINUTE)
  const day = Math.floor(minute / DAY_MINUTES)
  let month = monthOf(day)
  let start = monthStart(month)
  let days = daysOf(s, month, start)
  const place = day - start
  if ((days >>> place) & 1) {
    const time = lastMinute(s, minute - day * DAY_MINUTES)
    if (time >= 0) return notBefore(from, day * DAY + time * MINUTE)
  }
  const time = lastMinute(s, DAY_MINUTES)
  if (time < 0) return Number.NEGATIVE_INFINITY
  days = bitsBelow(days, place)
  while (days === 0) {
    if (start * DAY <= from) return Number.NEGATIVE_INFINITY
    month--
    start = monthStart(month)
    days = daysOf(s, month, start)
  }
  return notBefore(from, (start + highestBit(days)) * DAY + time * MINUTE)
}

const notBefore = (limit: number, run: number): number => (run >= limit ? run : Number.NEGATIVE_INFINITY)

/** How many runs there are at or after `from` and before `to`. */
export function countLocalRuns(s: FieldSchedule, from: number, to: number): number {
  const first = Math.floor(from / DAY)
  const last = Math.floor(to / DAY)
  const whole = countBits(s.hours) * (countBits(s.minutesLow) + countBits(s.minutesHigh))
  const early = countDays(s, first, first + 1) * countMinutes(s, Math.ceil((from - first * DAY) / MINUTE))
  const late = countDays(s, last, last + 1) * countMinutes(s, Math.ceil((to - last * DAY) / MINUTE))
  return countDays(s, first, last) * whole - early + late
}

/** How many days match from day number `from` to before `to`. */
function countDays(s: FieldSchedule, from: number, to: number): number {
  let month = monthOf(from)
  let start = monthStart(month)
  let skip = from - start
  let count = 0
  while (start < to) {
    const days = daysOf(s, month, start)
    count += countBits(bitsBelow(bitsFrom(days, skip), to - start))
    skip = 0
    month++
    start = monthStart(month)
  }
  return count
}

/** The days of a month that match; bit 0 is its first. */
export function daysOf(s: FieldSchedule, month: number, start: number): number {
  if (((s.months >>> (((month % 12) + 12) % 12)) & 1) === 0) return 0
  return bitsBelow(s.days[weekdayOf(start)] ?? 0, monthStart(month + 1) - start)
}

/** Whether a minute of an hour (0 to 59) matches. */
export const hasMinute = (s: FieldSchedule, minute: number): boolean =>
  (((minute < 32 ? s.minutesLow : s.minutesHigh) >>> (minute & 31)) & 1) === 1

/** The first minute of the day at or after `from` that matches; 1440 if there is none. */
export function firstMinute(s: FieldSchedule, from: number): number {
  const hour = Math.floor(from / 60)
  if (hour < 24 && (s.hours >>> hour) & 1) {
    const minute = minuteFrom(s, from - hour * 60)
    if (minute < 60) return hour * 60 + minute
  }
  const hours = hour < 23 ? bitsFrom(s.hours, hour + 1) : 0
  const minute = minuteFrom(s, 0)
  return hours === 0 || minute === 60 ? DAY_MINUTES : lowestBit(hours) * 60 + minute
}

function minuteFrom(s: FieldSchedule, from: number): number {
  const low = from < 32 ? bitsFrom(s.minutesLow, from) : 0
  if (low !== 0) return lowestBit(low)
  const high = bitsFrom(s.minutesHigh, from < 32 ? 0 : from - 32)
  return high === 0 ? 60 : 32 + lowestBit(high)
}

/** The last minute of the day before `to` that matches; -1 if there is none. */
export function lastMinute(s: FieldSchedule, to: number): number {
  const hour = Math.floor(to / 60)
  if ((s.hours >>> hour) & 1) {
    const minute = minuteBelow(s, to - hour * 60)
    if (minute >= 0) return hour * 60 + minute
  }
  const hours = bitsBelow(s.hours, hour)
  const minute = minuteBelow(s, 60)
  return hours === 0 || minute < 0 ? -1 : highestBit(hours) * 60 + minute
}

function minuteBelow(s: FieldSchedule, to: number): number {
  const high = to > 32 ? bitsBelow(s.minutesHigh, to - 32) : 0
  if (high !== 0) return 32 + highestBit(high)
  const low = bitsBelow(s.minutesLow, to)
  return low === 0 ? -1 : highestBit(low)
}

/** How many minutes of the day before `to` match. */
function countMinutes(s: FieldSchedule, to: number): number {
  const hour = Math.floor(to / 60)
  const hours = countBits(bitsBelow(s.hours, hour))
  const minute = to - hour * 60
  const partial =
    (s.hours >>> hour) & 1
      ? countBits(bitsBelow(s.minutesLow, minute)) + countBits(minute > 32 ? bitsBelow(s.minutesHigh, minute - 32) : 0)
      : 0
  return hours * (countBits(s.minutesLow) + countBits(s.minutesHigh)) + partial
}
