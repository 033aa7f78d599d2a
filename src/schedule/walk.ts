// Kubernetes does not ask which instants match: its library walks from a time to the next run, by months, days, hours
// and minutes of local time. Near most clock changes that comes to the same. Near those of `upsetOf` it does
// not, and this file walks as the library does (robfig/cron v3.0.1, spec.go, `Next`), errors included:
// - Where a change is not by whole hours (Lord Howe: 30 minutes), steps of an hour land on half hours from then on,
//   and the runs of that day that lie before the half are passed over.
// - Where midnight does not exist (Cairo), a day found by its midnight is passed over, or its hours are tried on the
//   day before and the day is not checked again.
// - Where midnight comes twice (Amman), the walk may arrive at the second one; where more than an hour comes twice
//   (Troll: two), going back to the full hour may in truth go ahead, into the second pass.
import type { Stretch, Zone } from '../contract/hazard.ts'
import { DAY, HOUR, MINUTE, monthOf, monthStart, SECOND, weekdayOf, yearOf } from './calendar.ts'
import { YEARS_AHEAD } from './matches.ts'
import type { FieldSchedule } from './schedule.ts'
import { hasMinute } from './wall-clock.ts'

/** How long after a change the walk can still step back over it: hour by hour, to midnight, to the month's first. */
const HOURS_BACK = 2 * HOUR
const DAY_BACK = DAY + HOURS_BACK
const MONTH_BACK = 32 * DAY

/** No change upsets a walk that begins this long (ms) after it: a month, and no zone ever jumped over two days. */
const LONGEST_UPSET = MONTH_BACK + 2 * DAY

/** A clock change that can lead walks astray. All ms UTC. */
interface Upset {
  /** From here on (included) what the walk finds may differ: where the change repeats time, its first pass. */
  readonly from: number
  /** A walk that begins here or later goes right again. */
  readonly calm: number
}

/** Undefined: no walk over this change goes astray. */
function upsetOf(before: Stretch, after: Stretch): Upset | undefined {
  const change = before.to
  const jump = after.offset - before.offset
  // Between these two lies the local time that is skipped or comes twice.
  const low = change + Math.min(before.offset, after.offset)
  const high = change + Math.max(before.offset, after.offset)
  const midnight = Math.ceil(low / DAY)
  let back = HOURS_BACK
  if (midnight * DAY < high) {
    const monthFirst = monthStart(monthOf(midnight)) === midnight || high - low >= DAY
    back = monthFirst ? MONTH_BACK : DAY_BACK
  } else if (jump % HOUR === 0 && low % HOUR === 0 && jump >= -HOUR) {
    return undefined
  }
  return { from: change + Math.min(0, jump), calm: change + Math.abs(jump) + back }
}

/** The first upset that a walk can meet that begins after `after` and ends at `upTo` (ms UTC). */
export function nextUpset(zone: Zone, after: number, upTo: number): Upset | undefined {
  // What comes twice is at most a day long.
  const lastChange = upTo + DAY
  let stretch = zone.stretch(after)
  if (stretch.from <= after - LONGEST_UPSET && stretch.to > lastChange) return undefined
  stretch = zone.stretch(after - LONGEST_UPSET)
  while (stretch.to <= lastChange) {
    const next = zone.stretch(stretch.to)
    const upset = upsetOf(stretch, next)
    if (upset && upset.calm > after && upset.from <= upTo) return upset
    stretch = next
  }
  return undefined
}

/** Where a walk stands. */
interface Walk {
  readonly schedule: FieldSchedule
  readonly zone: Zone
  /** ms UTC, whole seconds. */
  at: number
  /** The first step also goes back to the begin of what it steps by; later ones are there already. */
  stepped: boolean
}

/** What a search for a field comes to: it fits, the next larger field begins anew, or it treads on the spot. */
type Search = 'fits' | 'wrapped' | 'stuck'

/**
 * The run that the library finds strictly after `after` (ms UTC). Undefined if it gives up after five years;
 * NaN where it would tread on the spot for ever (where a whole day was skipped, as in Apia in 2011).
 */
export function walk(schedule: FieldSchedule, zone: Zone, after: number): number | undefined {
  const w: Walk = { schedule, zone, at: Math.floor(after / SECOND) * SECOND + SECOND, stepped: false }
  const lastYear = yearOf(dayOf(w)) + YEARS_AHEAD
  while (yearOf(dayOf(w)) <= lastYear) {
    let search: Search = 'fits'
    for (const find of [findMonth, findDay, findHour, findMinute, findSecond]) {
      search = find(w)
      if (search === 'stuck') return Number.NaN
      if (search === 'wrapped') break
    }
    if (search === 'fits') return w.at
  }
  return undefined
}

const local = (w: Walk): number => w.at + w.zone.stretch(w.at).offset
const dayOf = (w: Walk): number => Math.floor(local(w) / DAY)
const hourOf = (w: Walk): number => Math.floor(local(w) / HOUR) - dayOf(w) * 24
const minuteOf = (w: Walk): number => Math.floor(local(w) / MINUTE) - Math.floor(local(w) / HOUR) * 60

function findMonth(w: Walk): Search {
  for (;;) {
    const month = monthOf(dayOf(w))
    if ((w.schedule.months >>> (month % 12)) & 1) return 'fits'
    if (!w.stepped) w.at = instantOf(w.zone, monthStart(month) * DAY)
    w.stepped = true
    // The same date and time one month later, wherever the way back came to stand.
    const from = monthOf(dayOf(w))
    w.at = instantOf(w.zone, local(w) + (monthStart(from + 1) - monthStart(from)) * DAY)
    if (monthOf(dayOf(w)) % 12 === 0) return 'wrapped'
  }
}

function findDay(w: Walk): Search {
  for (;;) {
    const day = dayOf(w)
    const start = monthStart(monthOf(day))
    if (((w.schedule.days[weekdayOf(start)] ?? 0) >>> (day - start)) & 1) return 'fits'
    if (!w.stepped) w.at = instantOf(w.zone, day * DAY)
    w.stepped = true
    const before = w.at
    w.at = instantOf(w.zone, local(w) + DAY)
    // Back to midnight, or on to it, where this day has none.
    const hour = hourOf(w)
    if (hour !== 0) w.at += (hour > 12 ? 24 - hour : -hour) * HOUR
    if (w.at <= before) return 'stuck'
    if (dayOf(w) === monthStart(monthOf(dayOf(w)))) return 'wrapped'
  }
}

function findHour(w: Walk): Search {
  while (((w.schedule.hours >>> hourOf(w)) & 1) === 0) {
    if (!w.stepped) w.at = instantOf(w.zone, Math.floor(local(w) / HOUR) * HOUR)
    w.stepped = true
    w.at += HOUR
    if (hourOf(w) === 0) return 'wrapped'
  }
  return 'fits'
}

function findMinute(w: Walk): Search {
  while (!hasMinute(w.schedule, minuteOf(w))) {
    // Not by way of local time: of an hour that comes twice, the walk stays in the one it is in.
    w.at = Math.floor(w.at / MINUTE) * MINUTE + MINUTE
    w.stepped = true
    if (minuteOf(w) === 0) return 'wrapped'
  }
  return 'fits'
}

function findSecond(w: Walk): Search {
  const past = local(w) - Math.floor(local(w) / MINUTE) * MINUTE
  if (past === 0) return 'fits'
  w.at += MINUTE - past
  w.stepped = true
  return 'wrapped'
}

/**
 * The instant of a local time as Go's `time.Date` chooses it. Where the time does not exist or comes twice,
 * what counts is the offset at the instant that would be this time in UTC.
 */
function instantOf(zone: Zone, localMs: number): number {
  const guess = zone.stretch(localMs)
  const instant = localMs - guess.offset
  if (instant >= guess.from && instant < guess.to) return instant
  return localMs - zone.stretch(instant).offset
}
