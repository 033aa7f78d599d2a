import { describe, expect, it } from 'vitest'
import { machineZones } from '../node/time-zones.ts'
import { dependsOnZone, upsetRuns } from './clock-changes.ts'
import { parseSchedule } from './parse.ts'

const zones = machineZones()
const from = Date.parse('2026-11-23T08:00:00Z')
const year = 366 * 86_400_000

const upset = (text: string, zoneName: string): string[] => {
  const zone = zones.find(zoneName)
  if (!zone) throw new Error(zoneName)
  return upsetRuns(parseSchedule(text, zones), zone, from, from + year).map(
    ({ effect, wallTime }) => `${effect} ${wallTime}`,
  )
}

describe('a clock change', () => {
  it.each([
    ['30 2 * * *', 'Europe/Berlin', ['skipped 2027-03-28 02:30', 'doubled 2027-10-31 02:30']],
    ['0 3 * * *', 'Europe/Berlin', []],
    ['0 1 * * *', 'Europe/London', ['skipped 2027-03-28 01:00', 'doubled 2027-10-31 01:00']],
    ['30 1 * * *', 'America/New_York', ['doubled 2027-11-07 01:30']],
    ['30 2 * * 0', 'America/New_York', ['skipped 2027-03-14 02:30']],
    ['30 2 * * 1', 'America/New_York', []],
    ['15 2 1 * *', 'Europe/Berlin', []],
    ['*/15 1-3 * * *', 'Europe/Berlin', ['skipped 2027-03-28 02:00', 'doubled 2027-10-31 02:00']],
    ['*/15 * * * *', 'Europe/Berlin', []],
    ['@every 1h', 'Europe/Berlin', []],
    ['30 2 * * *', 'UTC', []],
    ['30 2 * * *', 'Asia/Kolkata', []],
    ['CRON_TZ=Europe/Berlin 30 2 * * *', 'UTC', ['skipped 2027-03-28 02:30', 'doubled 2027-10-31 02:30']],
  ])('of %s in %s: %j', (text, zone, expected) => expect(upset(text, zone)).toEqual(expected))
})

describe('the zone decides', () => {
  it.each([
    ['0 2 * * *', true],
    ['@daily', true],
    ['0 * * * MON', true],
    ['0 * 1 * *', true],
    ['0 * * 1 *', true],
    ['*/5 * * * *', false],
    ['@hourly', false],
    ['@every 5h', false],
  ])('for %s: %s', (text, depends) => expect(dependsOnZone(parseSchedule(text, zones))).toBe(depends))
})
