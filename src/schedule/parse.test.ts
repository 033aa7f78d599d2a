import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { packedZones } from './packed-zones.ts'
import { parseSchedule, type Schedule, ScheduleError } from './parse.ts'
import { nextRun } from './runs.ts'
import { utc } from './zone.ts'

const zones = packedZones()
const parse = (text: string): Schedule => parseSchedule(text, zones)

// 2026-03-23 is a Monday.
const runsAfter = (text: string, from = '2026-03-23T12:00:00Z'): string => {
  const schedule = parse(text)
  const runs: string[] = []
  let at: number | undefined = Date.parse(from)
  for (let i = 0; i < 3; i++) {
    at = nextRun(schedule, utc, at)
    if (at === undefined) break
    runs.push(new Date(at).toISOString().slice(0, 19))
  }
  return runs.join(' ')
}

describe('what a schedule means', () => {
  it.each([
    ['@every 1h30m', '2026-03-23T13:30:00 2026-03-23T15:00:00 2026-03-23T16:30:00'],
    ['@every 500ms', '2026-03-23T12:00:01 2026-03-23T12:00:02 2026-03-23T12:00:03'],
    ['@daily', '2026-03-24T00:00:00 2026-03-25T00:00:00 2026-03-26T00:00:00'],
    ['@midnight', '2026-03-24T00:00:00 2026-03-25T00:00:00 2026-03-26T00:00:00'],
    ['@annually', '2027-01-01T00:00:00 2028-01-01T00:00:00 2029-01-01T00:00:00'],
    ['*/70 * * * *', '2026-03-23T13:00:00 2026-03-23T14:00:00 2026-03-23T15:00:00'],
    ['*/60 * * * *', '2026-03-23T13:00:00 2026-03-23T14:00:00 2026-03-23T15:00:00'],
    ['0 */25 * * *', '2026-03-24T00:00:00 2026-03-25T00:00:00 2026-03-26T00:00:00'],
    ['0 0 */31 * *', '2026-04-01T00:00:00 2026-05-01T00:00:00 2026-06-01T00:00:00'],
    ['0/5 * * * *', '2026-03-23T12:05:00 2026-03-23T12:10:00 2026-03-23T12:15:00'],
    ['5/15 * * * *', '2026-03-23T12:05:00 2026-03-23T12:20:00 2026-03-23T12:35:00'],
    ['0 9 * * MON-FRI', '2026-03-24T09:00:00 2026-03-25T09:00:00 2026-03-26T09:00:00'],
    ['0 9 * * mon-fri', '2026-03-24T09:00:00 2026-03-25T09:00:00 2026-03-26T09:00:00'],
    ['0 0 * JAN-MAR *', '2026-03-24T00:00:00 2026-03-25T00:00:00 2026-03-26T00:00:00'],
    ['0 0 * * SUN', '2026-03-29T00:00:00 2026-04-05T00:00:00 2026-04-12T00:00:00'],
    ['0 0 ? * *', '2026-03-24T00:00:00 2026-03-25T00:00:00 2026-03-26T00:00:00'],
    ['0 0 * * ?', '2026-03-24T00:00:00 2026-03-25T00:00:00 2026-03-26T00:00:00'],
    ['0 0 1 * 1', '2026-03-30T00:00:00 2026-04-01T00:00:00 2026-04-06T00:00:00'],
    ['0 0 , * 0', '2026-03-29T00:00:00 2026-04-05T00:00:00 2026-04-12T00:00:00'],
    ['  0  0 * *  1 ', '2026-03-30T00:00:00 2026-04-06T00:00:00 2026-04-13T00:00:00'],
    ['0 0 29 2 *', '2028-02-29T00:00:00 2032-02-29T00:00:00 2036-02-29T00:00:00'],
    ['0 0 31 2 *', ''],
  ])('%s', (text, runs) => expect(runsAfter(text)).toBe(runs))

  it('stops the year at its last January to March', () =>
    expect(runsAfter('0 0 * JAN-MAR *', '2026-03-31T00:00:00Z').split(' ')[0]).toBe('2027-01-01T00:00:00'))

  it.each([
    ['@every 2h45m30.9s', 9930],
    ['@every -5m', 1],
    ['@every 0', 1],
    ['@every +1.5h', 5400],
    ['@every .5m', 30],
    ['@every 90000000us', 90],
    ['@every 90000000µs', 90],
    ['@every 90000000μs', 90],
    ['@every 2562047h', 9_223_369_200],
  ])('%s lasts %i s', (text, seconds) => expect(parse(text)).toMatchObject({ kind: 'every', everyMs: seconds * 1000 }))
})

describe('what Kubernetes refuses, in its own words', () => {
  it.each([
    ['', 'empty spec string'],
    [' ', 'expected exactly 5 fields, found 0: []'],
    ['@reboot', 'unrecognized descriptor: @reboot'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['0 0 * * 7', 'end of range (7) above maximum (6): 7'],
    ['0 0 * * 0-7', 'end of range (7) above maximum (6): 0-7'],
    ['0 0 * * SAT-SUN', 'beginning of range (6) beyond end of range (0): SAT-SUN'],
    ['0 22-6 * * *', 'beginning of range (22) beyond end of range (6): 22-6'],
    ['50-10 * * * *', 'beginning of range (50) beyond end of range (10): 50-10'],
    ['0 0 L * *', 'failed to parse int from L: strconv.Atoi: parsing "L": invalid syntax'],
    ['0 0 15W * *', 'failed to parse int from 15W: strconv.Atoi: parsing "15W": invalid syntax'],
    ['0 0 * * 1#1', 'failed to parse int from 1#1: strconv.Atoi: parsing "1#1": invalid syntax'],
    ['H * * * *', 'failed to parse int from H: strconv.Atoi: parsing "H": invalid syntax'],
    ['60 * * * *', 'end of range (60) above maximum (59): 60'],
    ['0 24 * * *', 'end of range (24) above maximum (23): 24'],
    ['* * * * * *', 'expected exactly 5 fields, found 6: [* * * * * *]'],
    ['0 0 * *', 'expected exactly 5 fields, found 4: [0 0 * *]'],
    ['1-x-3 * * * *', 'too many hyphens: 1-x-3'],
    ['"\\ * * * *', 'failed to parse int from "\\: strconv.Atoi: parsing "\\"\\\\": invalid syntax'],
    [
      '99999999999999999999 * * * *',
      'failed to parse int from 99999999999999999999: strconv.Atoi: parsing "99999999999999999999": value out of range',
    ],
    ['9223372036854775807 * * * *', 'end of range (9223372036854775807) above maximum (59): 9223372036854775807'],
    ['@every 1h2', 'failed to parse duration @every 1h2: time: missing unit in duration "1h2"'],
    ['@every .s', 'failed to parse duration @every .s: time: invalid duration ".s"'],
    ['@every 2562048h', 'failed to parse duration @every 2562048h: time: invalid duration "2562048h"'],
    ['@every 1é', 'failed to parse duration @every 1é: time: unknown unit "\\xc3\\xa9" in duration "1\\xc3\\xa9"'],
    ['CRON_TZ=Nowhere/Land 0 0 * * *', 'provided bad location Nowhere/Land: unknown time zone Nowhere/Land'],
    ['TZ=/etc/localtime 0 0 * * *', 'provided bad location /etc/localtime: time: invalid location name'],
    ['TZ=utc 0 0 * * *', 'provided bad location utc: unknown time zone utc'],
  ])('%s', (text, message) => expect(() => parse(text)).toThrow(new ScheduleError(message)))

  it('never throws anything but a ScheduleError', () => {
    const part = fc.constantFrom(
      '*',
      '?',
      '1',
      '59',
      '-',
      '/',
      ',',
      ' ',
      'MON',
      'jan',
      '@every ',
      'TZ=',
      'UTC ',
      '1h',
      '.',
      '\t',
      '９',
    )
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(part, { maxLength: 12 }).map((parts) => parts.join('')),
          fc.string({ unit: 'binary' }),
        ),
        (text) => {
          try {
            parse(text)
          } catch (error) {
            expect(error).toBeInstanceOf(ScheduleError)
          }
        },
      ),
    )
  })
})

describe('a zone in the schedule', () => {
  it('wins over the one given', () => {
    const run = nextRun(parse('CRON_TZ=Asia/Tehran 0 0 * * *'), utc, Date.parse('2026-03-23T08:00:00Z'))
    expect(new Date(run ?? 0).toISOString()).toBe('2026-03-23T20:30:00.000Z')
  })

  it.each(['TZ= 0 0 * * *', 'TZ=UTC 0 0 * * *', 'CRON_TZ=UTC   @daily'])('%s is UTC', (text) =>
    expect(parse(text).zone).toBe(utc),
  )

  it("leaves the controller's own zone open", () => expect(parse('TZ=Local 0 0 * * *').zone).toBeUndefined())
})
