// What the API server says of a CronJob's times that it refuses (kubernetes, pkg/apis/batch/validation/validation.go:
// validateScheduleFormat, validateTimeZone; its field errors: apimachinery, pkg/util/validation/field/errors.go).
import type { Zone, Zones } from '../contract/hazard.ts'
import { quoted } from './fields.ts'
import { parseSchedule } from './parse.ts'
import { type Schedule, ScheduleError } from './schedule.ts'

export { quoted } from './fields.ts'

/** Times that the API server refuses; the message is its own, from the field's path on. */
export class Refused extends Error {
  override readonly name = 'Refused'
}

function invalid(field: string, value: string, because: string): never {
  throw new Refused(`${field}: Invalid value: ${quoted(value)}: ${because}`)
}

/**
 * The schedule of a text. A `TZ=` in front is taken, as in objects of before 1.29; newer ones may not have it.
 * @param timeZone whether a zone is named beside it, which the API server never allows together.
 * @throws Refused
 */
export function acceptedSchedule(text: string, timeZone: string | undefined, zones: Zones): Schedule {
  if (text === '') throw new Refused('spec.schedule: Required value')
  const schedule = parsed(text, zones)
  if (timeZone !== undefined && text.includes('TZ'))
    invalid('spec.schedule', text, 'cannot use both timeZone field and TZ or CRON_TZ in schedule')
  return schedule
}

function parsed(text: string, zones: Zones): Schedule {
  try {
    return parseSchedule(text, zones)
  } catch (error) {
    if (!(error instanceof ScheduleError)) throw error
    return invalid('spec.schedule', text, error.message)
  }
}

/** The parts of a name that the API server takes for one of the database. */
const namePart = /^(?!-)[A-Za-z.\-_0-9+]{1,14}$/

/** The zone of spec.timeZone. @throws Refused */
export function acceptedZone(name: string, zones: Zones): Zone {
  const refuse = (because: string): never => invalid('spec.timeZone', name, because)
  if (name === '') return refuse('timeZone must be nil or non-empty string')
  const known = name.split('/').every((part) => namePart.test(part) && part !== '.' && part !== '..')
  if (!known) return refuse(`unknown time zone ${name}`)
  if (name.toLowerCase() === 'local')
    return refuse('timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones')
  return zones.find(name) ?? refuse(`unknown time zone ${name}`)
}
