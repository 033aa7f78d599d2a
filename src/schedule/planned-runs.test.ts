import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { machineZones } from '../node/time-zones.ts'
import { localText } from './local-time.ts'
import { parseSchedule } from './parse.ts'
import { isRun, plannedRuns } from './planned-runs.ts'
import { nextRun } from './runs.ts'

const zones = machineZones()
const zoneOf = (name: string) => {
  const zone = zones.find(name)
  if (!zone) throw new Error(name)
  return zone
}

const rows = (text: string, zone: string, from: string, count: number): string[] => {
  const shown: string[] = []
  for (const { at, offset, mark } of plannedRuns(parseSchedule(text, zones), zoneOf(zone), Date.parse(from))) {
    shown.push(`${localText(at, offset).slice(5, 16)}${mark ? ` ${mark}` : ''}`)
    if (shown.length === count) break
  }
  return shown
}

describe('what is planned', () => {
  it.each([
    ['30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', ['10-25T02:30 first', '10-25T02:30 second', '10-26T02:30']],
    ['30 2 * * *', 'Europe/Berlin', '2027-03-27T12:00:00Z', ['03-28T02:30 skipped', '03-29T02:30']],
    ['0,30 2 * * *', 'Europe/Berlin', '2027-03-27T12:00:00Z', ['03-28T02:00 skipped', '03-28T02:30 skipped']],
    // A run at the very instant of the change comes after what the change skips.
    ['30 2,3 * * *', 'Europe/Berlin', '2027-03-27T12:00:00Z', ['03-28T02:30 skipped', '03-28T03:30']],
    ['0 2,3 * * *', 'Europe/Berlin', '2027-03-27T12:00:00Z', ['03-28T02:00 skipped', '03-28T03:00', '03-29T02:00']],
    ['30 * * * *', 'Europe/Berlin', '2027-03-28T00:00:00Z', ['03-28T01:30', '03-28T03:30']],
    ['30 2 28 3 *', 'Europe/Berlin', '2027-03-27T12:00:00Z', ['03-28T02:30 skipped', '03-28T02:30']],
    // Half an hour: from 02:00 on to 02:30, and one run of the hour is really lost.
    ['0 * * * *', 'Australia/Lord_Howe', '2027-10-02T15:00:00Z', ['10-03T02:00 skipped', '10-03T03:00']],
    // Midnight itself does not exist.
    ['0 0 * * *', 'Africa/Cairo', '2027-04-29T12:00:00Z', ['04-30T00:00 skipped', '05-01T00:00']],
    ['@every 1h', 'Europe/Berlin', '2027-03-28T00:30:00Z', ['03-28T03:30', '03-28T04:30']],
    ['TZ=Europe/Berlin 30 2 * * *', 'UTC', '2027-03-27T12:00:00Z', ['03-28T02:30 skipped', '03-29T02:30']],
    ['0 0 30 2 *', 'UTC', '2027-03-27T12:00:00Z', []],
  ])('%s in %s after %s: %j', (text, zone, from, expected) =>
    expect(rows(text, zone, from, Math.max(1, expected.length))).toEqual(expected),
  )

  it('names what the library loses near a change of half an hour, and only that', () => {
    const zone = zoneOf('Australia/Lord_Howe')
    const schedule = parseSchedule('15 4 * * *', zones)
    const marks = new Set<string>()
    for (const { at, mark } of plannedRuns(schedule, zone, Date.parse('2027-01-01T00:00:00Z'))) {
      if (at > Date.parse('2029-01-01T00:00:00Z')) break
      if (mark) marks.add(mark)
    }
    expect([...marks]).toEqual(['passed-over'])
  })

  const some = (...texts: string[]) => fc.constantFrom(...texts)
  it('is what repeated nextRun finds, whatever is marked between', () =>
    fc.assert(
      fc.property(
        fc.tuple(
          some('0', '*/20', '15,45', '7'),
          some('*', '0', '2', '1-3', '*/5'),
          some('*', '13', '28-31'),
          some('*', '0'),
        ),
        some('Europe/Berlin', 'America/New_York', 'Africa/Cairo', 'Australia/Lord_Howe', 'America/Asuncion', 'UTC'),
        fc.integer({ min: Date.parse('2010-01-01T00:00:00Z'), max: Date.parse('2030-01-01T00:00:00Z') }),
        ([minute, hour, day, weekday], name, from) => {
          const zone = zoneOf(name)
          const schedule = parseSchedule(`${minute} ${hour} ${day} * ${weekday}`, zones)
          let at = from
          let count = 0
          let order = 0
          for (const planned of plannedRuns(schedule, zone, from)) {
            if (isRun(planned)) {
              const next = nextRun(schedule, zone, at)
              expect(planned.at).toBe(next)
              expect(planned.at).toBeGreaterThan(order)
              order = at = planned.at
            } else if (planned.mark === 'skipped') {
              // No instant near the change has this local time.
              for (const { offset } of [zone.stretch(planned.at), zone.stretch(planned.at - 7_200_000)])
                expect(zone.stretch(planned.at + planned.offset - offset).offset).not.toBe(offset)
            }
            if (++count > 60) break
          }
        },
      ),
    ))
})
