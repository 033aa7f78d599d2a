import type { Zone, Zones } from '../contract/hazard.ts'
import { DurationError, parseDuration } from '../objects/duration.ts'
import { DAYS, type FieldValues, HOURS, MINUTES, MONTHS, parseField, WEEKDAYS } from './fields.ts'
import { type FieldSchedule, type Schedule, ScheduleError } from './schedule.ts'
import { utc } from './zone.ts'

export { type EverySchedule, type FieldSchedule, type Schedule, ScheduleError } from './schedule.ts'

const DESCRIPTORS: ReadonlyMap<string, string> = new Map([
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
  ['@monthly', '0 0 1 * *'],
  ['@weekly', '0 0 * * 0'],
  ['@daily', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@hourly', '0 * * * *'],
])

const EVERY = '@every '
const ALL_DAYS = 0x7fffffff

// Go's idea of white space is Unicode's, which is not quite JavaScript's `\s`.
const EDGES = /^\p{White_Space}+|\p{White_Space}+$/gu
const BLANKS = /\p{White_Space}+/u

/**
 * Reads a CronJob's `schedule` as Kubernetes does, that is as `ParseStandard` of robfig/cron v3.0.1;
 * `zones` resolves a `TZ=` or `CRON_TZ=` prefix.
 * Throws ScheduleError with the text that Kubernetes prints where it refuses the schedule.
 */
export function parseSchedule(text: string, zones: Zones): Schedule {
  if (text === '') throw new ScheduleError('empty spec string')
  const { zone, rest } = /^(CRON_)?TZ=/.test(text) ? takeZone(text, zones) : { zone: undefined, rest: text }
  const fields = DESCRIPTORS.get(rest)
  if (fields !== undefined) return fieldSchedule(text, zone, fields)
  if (rest.startsWith(EVERY)) return { kind: 'every', text, zone, everyMs: everyMs(rest) }
  if (rest.startsWith('@')) throw new ScheduleError(`unrecognized descriptor: ${rest}`)
  return fieldSchedule(text, zone, rest)
}

function takeZone(text: string, zones: Zones): { zone: Zone | undefined; rest: string } {
  const end = text.indexOf(' ')
  // Kubernetes itself panics here.
  if (end < 0) throw new ScheduleError(`time zone without a schedule: expected a blank and five fields after ${text}`)
  const name = text.slice(text.indexOf('=') + 1, end)
  return { zone: loadZone(name, zones), rest: text.slice(end).replace(EDGES, '') }
}

/** The zone that Go's `time.LoadLocation` finds by a name; undefined for `Local`, the controller's own. */
function loadZone(name: string, zones: Zones): Zone | undefined {
  if (name === '' || name === 'UTC') return utc
  if (name === 'Local') return undefined
  const refuse = (why: string): never => {
    throw new ScheduleError(`provided bad location ${name}: ${why}`)
  }
  if (name.includes('..') || /^[/\\]/.test(name)) refuse('time: invalid location name')
  return zones.find(name) ?? refuse(`unknown time zone ${name}`)
}

/** Less than a second becomes one, also below zero; what is left of a second is cut. */
function everyMs(descriptor: string): number {
  try {
    const seconds = parseDuration(descriptor.slice(EVERY.length)) / 1_000_000_000n
    return Number(seconds < 1n ? 1n : seconds) * 1000
  } catch (error) {
    if (!(error instanceof DurationError)) throw error
    throw new ScheduleError(`failed to parse duration ${descriptor}: ${error.message}`)
  }
}

function fieldSchedule(text: string, zone: Zone | undefined, expression: string): FieldSchedule {
  const fields = expression.split(BLANKS).filter((field) => field !== '')
  if (fields.length !== 5) {
    throw new ScheduleError(`expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`)
  }
  const { minutes, hours, days, months, weekdays } = valuesOf(fields)
  return {
    kind: 'fields',
    text,
    zone,
    minutesLow: minutes.low,
    minutesHigh: minutes.high,
    hours: hours.low,
    months: months.low,
    days: daysByFirstWeekday(days, weekdays),
  }
}

/** The five fields of a schedule, each with what it allows. */
export interface Fields {
  readonly minutes: FieldValues
  readonly hours: FieldValues
  readonly days: FieldValues
  readonly months: FieldValues
  readonly weekdays: FieldValues
}

function valuesOf([minute = '', hour = '', day = '', month = '', weekday = '']: readonly string[]): Fields {
  return {
    minutes: parseField(minute, MINUTES),
    hours: parseField(hour, HOURS),
    days: parseField(day, DAYS),
    months: parseField(month, MONTHS),
    weekdays: parseField(weekday, WEEKDAYS),
  }
}

/**
 * The fields of a schedule that `parseSchedule` takes, as they are written (`@daily` as what it stands for) and as what they
 * allow; undefined for `@every`. A zone in front is passed over.
 */
export function fieldsOf(
  schedule: Schedule,
): { readonly written: readonly string[]; readonly allowed: Fields } | undefined {
  if (schedule.kind === 'every') return undefined
  const rest = schedule.text.replace(/^(?:CRON_)?TZ=[^ ]* /, '').replace(EDGES, '')
  const written = (DESCRIPTORS.get(rest) ?? rest).split(BLANKS).filter((field) => field !== '')
  return { written, allowed: valuesOf(written) }
}

/**
 * Which days of a month match, for each weekday that its first day can be.
 * Both day fields must match if a star stands in either, else one of them is enough (as crontab(5) has it).
 * A step above 1 takes the star away: then it is a restriction like any other.
 */
function daysByFirstWeekday(days: FieldValues, weekdays: FieldValues): readonly number[] {
  const both = days.star || weekdays.star
  return [0, 1, 2, 3, 4, 5, 6].map((first) => {
    const week = (weekdays.low >>> first) | (weekdays.low << (7 - first))
    const on = week & 0x7f
    const onWeekdays = (on | (on << 7) | (on << 14) | (on << 21) | (on << 28)) & ALL_DAYS
    return both ? days.low & onWeekdays : days.low | onWeekdays
  })
}
