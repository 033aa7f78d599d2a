import { describe, expect, it } from 'vitest'
import { packedZones } from './packed-zones.ts'
import { acceptedSchedule, acceptedZone } from './refusals.ts'

const zones = packedZones()

describe('what the API server says', () => {
  it.each([
    ['', 'spec.schedule: Required value'],
    ['61 * * * *', 'spec.schedule: Invalid value: "61 * * * *": end of range (61) above maximum (59): 61'],
    ['0 0 * * 7', 'spec.schedule: Invalid value: "0 0 * * 7": end of range (7) above maximum (6): 7'],
    ['a"b', 'spec.schedule: Invalid value: "a\\"b": expected exactly 5 fields, found 1: [a"b]'],
    [
      'TZ=Mars/X 0 0 * * *',
      'spec.schedule: Invalid value: "TZ=Mars/X 0 0 * * *": provided bad location Mars/X: unknown time zone Mars/X',
    ],
  ])('of the schedule %j', (text, said) => expect(() => acceptedSchedule(text, undefined, zones)).toThrow(said))

  it('of a zone in the schedule and another beside it', () => {
    expect(() => acceptedSchedule('TZ=UTC 0 0 * * *', 'UTC', zones)).toThrow(
      'spec.schedule: Invalid value: "TZ=UTC 0 0 * * *": cannot use both timeZone field and TZ or CRON_TZ in schedule',
    )
    expect(acceptedSchedule('TZ=UTC 0 0 * * *', undefined, zones).zone?.name).toBe('UTC')
  })

  it.each([
    ['', 'spec.timeZone: Invalid value: "": timeZone must be nil or non-empty string'],
    ['local', 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones'],
    ['Europe/Pariss', 'spec.timeZone: Invalid value: "Europe/Pariss": unknown time zone Europe/Pariss'],
    ['../etc', 'unknown time zone ../etc'],
  ])('of the zone %j', (name, said) => expect(() => acceptedZone(name, zones)).toThrow(said))

  it('knows a zone', () => expect(acceptedZone('Europe/Berlin', zones).name).toBe('Europe/Berlin'))
})
