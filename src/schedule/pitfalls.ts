// What a schedule does that its author may not expect. Rules of the fields: robfig/cron v3.0.1, parser.go and spec.go.
import type { Zone } from '../contract/hazard.ts'
import { DAY } from './calendar.ts'
import { dependsOnZone, type UpsetRun, upsetRuns } from './clock-changes.ts'
import { type Fields, fieldsOf } from './parse.ts'
import { neverFires } from './pattern.ts'
import type { FieldSchedule, Schedule } from './schedule.ts'
import { zonePrefix } from './timing.ts'
import { listed, monthNames, numbersOf } from './words.ts'

/** One warning; `code` stays the same from release to release. */
export interface Pitfall {
  readonly code: string
  readonly text: string
}

/** @param named whether a zone is named, in the schedule or beside it. `from`: ms UTC; a year from then on is looked at. */
export function pitfalls(schedule: Schedule, zone: Zone, named: boolean, from: number): readonly Pitfall[] {
  const fields = fieldsOf(schedule)
  if (schedule.kind === 'every' || !fields) return everyPitfalls(schedule)
  if (neverFires(schedule)) return [{ code: 'never-fires', text: 'no date has all that it asks for: it never runs' }]
  const { written, allowed } = fields
  return [
    ...shortMonths(allowed),
    ...dayFields(written, allowed),
    ...starLists(written, allowed),
    ...steps(written),
    ...pileUp(allowed),
    ...zones(schedule, zone, named, from),
  ]
}

function everyPitfalls(schedule: Schedule): Pitfall[] {
  const text = 'counts from the last run, at first from the creation: made anew it runs at other times'
  const prefix = zonePrefix(schedule.text)
  return [
    { code: 'every', text },
    ...(prefix
      ? [{ code: 'zone-for-nothing', text: '@every knows no time of day: the zone in front of it does nothing' }]
      : []),
  ]
}

/** Longest lengths of months, and of February in most years. */
const monthLengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** So many days are meant one by one; more are a range or a step that just reaches the end of the month. */
const fewDays = 4

/** Days that some of the months lack, where nothing else makes it run in these. */
function shortMonths({ days, weekdays, months }: Fields): Pitfall[] {
  if (days.star || (!weekdays.star && weekdays.low !== 0)) return []
  const some = numbersOf(days, 1, 31)
  const asked = numbersOf(months, 1, 12)
  return some
    .filter((day) => day > 28 && !some.includes(day - 1) && some.length <= fewDays)
    .flatMap((day): Pitfall[] => {
      const lacking = asked.filter((month) => (monthLengths[month - 1] ?? 31) < day)
      if (lacking.length === 0) return []
      const names = listed(lacking.map((month) => monthNames[month - 1] ?? ''))
      if (day === 29) return [{ code: 'short-months', text: 'day 29 comes in February only in leap years' }]
      const left = asked.length - lacking.length
      const text =
        left === 0
          ? `day ${day} never comes: ${names} lack it`
          : `day ${day} comes in ${left} of the ${asked.length} months only: not in ${names}`
      return [{ code: 'short-months', text }]
    })
}

const allDays = 0x7fffffff
const allWeekdays = 0x7f

/** Where both day fields restrict: one of them is enough. */
function dayFields(written: readonly string[], { days, weekdays }: Fields): Pitfall[] {
  if (days.star || weekdays.star || days.low === 0 || weekdays.low === 0) return []
  const [, , day = '', , weekday = ''] = written
  const full = days.low === allDays ? day : weekdays.low === allWeekdays ? weekday : undefined
  if (full !== undefined) {
    const text = `${full} allows every day but is no star, and one of the two day fields is enough: it runs every day; write *`
    return [{ code: 'full-field', text }]
  }
  const stepped = [day, weekday].find((field) => /^[*?]\/\d/.test(field))
  return [
    {
      code: 'either-day',
      text: `day of month and weekday are both given, and one of them is enough: it runs on all days of ${day} and on all of ${weekday}, not only where both meet`,
    },
    ...(stepped === undefined
      ? []
      : [
          {
            code: 'stepped-star',
            text: `${stepped} does not count as a star: with a step above 1 it restricts like any list, where crontab of Linux would ask for both`,
          },
        ]),
  ]
}

const fieldNames = ['minute', 'hour', 'day of month', 'month', 'weekday'] as const

/** A star in a list swallows it; and a step of 1 keeps a star what it is. */
function starLists(written: readonly string[], allowed: Fields): Pitfall[] {
  const values = [allowed.minutes, allowed.hours, allowed.days, allowed.months, allowed.weekdays]
  return written.flatMap((field, place): Pitfall[] => {
    if (!values[place]?.star) return []
    const name = fieldNames[place] ?? ''
    if (field.includes(','))
      return [{ code: 'star-in-list', text: `${name} ${field} is as good as *: the rest of the list does nothing` }]
    return /^[*?](?:-[^/]*)?\/0*1$/.test(field)
      ? [
          {
            code: 'step-of-one',
            text: `${name} ${field} is as good as *, also where it is asked whether a star stands there`,
          },
        ]
      : []
  })
}

interface Stepped {
  readonly first: number
  readonly size: number
  readonly unit: string
  /** What the field begins anew with. */
  readonly anew: string
}

/** By place of the field; `size`: how many values, where it is always the same. */
const stepped: readonly Stepped[] = [
  { first: 0, size: 60, unit: 'minute', anew: 'each hour' },
  { first: 0, size: 24, unit: 'hour', anew: 'each day' },
  { first: 1, size: 31, unit: 'day', anew: 'each month' },
  { first: 1, size: 12, unit: 'month', anew: 'each year' },
  { first: 0, size: 7, unit: 'weekday', anew: 'each week' },
]

/** Steps to the end of a field that come out unevenly there, or lead beyond it at once. */
function steps(written: readonly string[]): Pitfall[] {
  return written.flatMap((field, place): Pitfall[] => {
    const { first, size, unit, anew } = stepped[place] ?? { first: 0, size: 1, unit: '', anew: '' }
    const [, from = '', by = ''] = /^(\*|\?|\d+)\/(\d+)$/.exec(field) ?? []
    const step = Number(by)
    if (by === '' || step < 2) return []
    const start = /\d/.test(from) ? Number(from) : first
    const last = start + Math.floor((first + size - 1 - start) / step) * step
    if (last === start)
      return [
        {
          code: 'long-step',
          text: `${field}: the step leads beyond the last ${unit}, so that ${unit} ${start} alone is left`,
        },
      ]
    const gap = first + size - last + (start - first)
    if (gap === step && unit !== 'day') return []
    const text = `${field} begins anew ${anew}: from ${unit} ${last} to ${unit} ${start} of the next it is ${gap}, not ${step}${unit === 'day' ? ', and in shorter months still another distance' : ''}`
    return [{ code: 'uneven-step', text }]
  })
}

/** Where schedules of a cluster pile up, since nobody thought of another minute. */
function pileUp({ minutes, hours }: Fields): Pitfall[] {
  const at = numbersOf(minutes, 0, 59)
  if (at[0] !== 0 || at.length > 1) return []
  const midnight = (hours.low & 1) === 1
  const text = midnight
    ? '00:00 is when most schedules of a cluster start at once: another minute is as good, and less crowded'
    : 'minute 0 is when many schedules of a cluster start at once: another minute is as good, and less crowded'
  return [{ code: 'pile-up', text: `${text} (roadcrew cron list shows where they pile up)` }]
}

function zones(schedule: FieldSchedule, zone: Zone, named: boolean, from: number): Pitfall[] {
  if (!named) {
    if (!dependsOnZone(schedule)) return []
    const text =
      'without spec.timeZone kube-controller-manager reads it in its own zone: UTC mostly, something else after a move'
    return [{ code: 'no-zone', text }]
  }
  const upset = upsetRuns(schedule, zone, from, from + 366 * DAY)
  return (['skipped', 'doubled'] as const).flatMap((effect): Pitfall[] => {
    const some = upset.filter((one) => one.effect === effect)
    return some.length === 0 ? [] : [{ code: `${effect}-run`, text: upsetText(effect, some, zone) }]
  })
}

function upsetText(effect: UpsetRun['effect'], some: readonly UpsetRun[], zone: Zone): string {
  const when = listed(some.map(({ wallTime }) => wallTime))
  return effect === 'skipped'
    ? `clocks of ${zone.name} go forward over ${when}: nothing runs then`
    : `clocks of ${zone.name} go back over ${when}: it runs twice`
}
