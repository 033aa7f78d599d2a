import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Zone } from '../contract/hazard.ts'
import { packedZones } from './packed-zones.ts'
import { parseSchedule, type Schedule } from './parse.ts'
import { countRuns, latestRun, moreThanFit, neverFires, nextRun, shortestGap } from './runs.ts'
import { walk } from './walk.ts'
import { utc } from './zone.ts'

const zones = packedZones()
const parse = (text: string): Schedule => parseSchedule(text, zones)
const ms = (text: string): number => Date.parse(text)
const shown = (run: number | undefined): string | undefined =>
  run === undefined ? undefined : new Date(run).toISOString().replace('.000Z', 'Z')
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const zoneOf = (name: string): Zone => {
  const zone = zones.find(name)
  if (!zone) throw new Error(`no zone ${name}`)
  return zone
}

// Clock changes of every sort: by night, at midnight (skipped, doubled, east and west of Greenwich), by half an hour,
// by two hours, against the seasons, around Ramadan, and none at all.
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'Africa/Cairo',
  'Australia/Lord_Howe',
  'Asia/Beirut',
  'Asia/Amman',
  'America/Havana',
  'America/Santiago',
  'America/Sao_Paulo',
  'Atlantic/Azores',
  'Antarctica/Troll',
  'Europe/Dublin',
  'Africa/Casablanca',
  'Asia/Kathmandu',
  'America/Asuncion',
  'Asia/Tehran',
  'Asia/Gaza',
].map(zoneOf)

const minute = fc.constantFrom('*', '0', '30', '*/15', '0,59', '5-10', '1-59/2', '47')
const hour = fc.constantFrom('*', '0', '1', '2', '23', '0-2', '*/2', '1,3', '12')
const day = fc.constantFrom('*', '*', '1', '*/2', '15', '29', '31')
const month = fc.constantFrom('*', '*', '*', '3', '4,10', '3,10,11', '1')
const weekday = fc.constantFrom('*', '*', '0', '5', 'THU,FRI', 'MON-FRI', '*/2')
const fields = fc.tuple(minute, hour, day, month, weekday).map((parts) => parts.join(' '))
const anyZone = fc.constantFrom(...ZONES)

/** A zone and a time, mostly within days of one of its clock changes. */
const zoneAndTime = fc
  .tuple(
    anyZone,
    fc.integer({ min: ms('2005-01-01'), max: ms('2034-01-01') }),
    fc.integer({ min: -4 * DAY, max: 2 * DAY }),
    fc.boolean(),
  )
  .map(([zone, ms, around, whole]) => {
    const { to } = zone.stretch(ms)
    const at = to === Number.POSITIVE_INFINITY ? ms : to + around
    return { zone, at: whole ? Math.floor(at / HOUR) * HOUR : at }
  })

describe('nextRun', () => {
  it.each([
    ['0 0 29 2 *', '2028-02-29T00:00:00Z'],
    ['0 0 31 2 1', '2027-02-01T00:00:00Z'],
    ['0 0 31 2 *', undefined],
    ['0 0 31 4 *', undefined],
    [', * * * *', undefined],
  ])('%s after 2026-03-23', (text, run) =>
    expect(shown(nextRun(parse(text), utc, ms('2026-03-23T08:00:00Z')))).toBe(run),
  )

  it('gives up after the fifth year that follows', () => {
    const leapDay = parse('0 0 29 2 *')
    expect(nextRun(leapDay, utc, ms('2096-03-01T00:00:00Z'))).toBeUndefined()
    expect(shown(nextRun(leapDay, utc, ms('2099-01-01T00:00:00Z')))).toBe('2104-02-29T00:00:00Z')
  })

  it('is strictly after, to the millisecond', () => {
    const hourly = parse('@hourly')
    expect(shown(nextRun(hourly, utc, ms('2026-01-01T10:00:00Z')))).toBe('2026-01-01T11:00:00Z')
    expect(shown(nextRun(hourly, utc, ms('2026-01-01T09:59:59.999Z')))).toBe('2026-01-01T10:00:00Z')
    expect(shown(nextRun(parse('@every 90s'), utc, ms('2026-01-01T10:00:00.900Z')))).toBe('2026-01-01T10:01:30Z')
  })

  it.each([
    ['skips what the clock skips', 'Europe/Berlin', '30 2 * * *', '2026-03-28T12:00:00Z', '2026-03-30T00:30:00Z'],
    ['runs twice in a doubled hour', 'Europe/Berlin', '30 2 * * *', '2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z'],
    [
      'passes over a day without midnight',
      'Africa/Cairo',
      '30 2 * * FRI',
      '2026-04-22T20:30:00Z',
      '2026-04-30T23:30:00Z',
    ],
    [
      'loses a day to half an hour',
      'Australia/Lord_Howe',
      '0 12 * * *',
      '2019-04-06T02:00:00Z',
      '2019-04-08T01:30:00Z',
    ],
  ])('%s', (_, zone, text, from, run) => expect(shown(nextRun(parse(text), zoneOf(zone), ms(from)))).toBe(run))

  it('is what the library finds step by step', () => {
    fc.assert(
      fc.property(fields, zoneAndTime, (text, { zone, at }) => {
        const schedule = parse(text)
        if (schedule.kind === 'fields') expect(shown(nextRun(schedule, zone, at))).toBe(shown(walk(schedule, zone, at)))
      }),
      { numRuns: 3000 },
    )
  })

  it('goes on where the library would not return: Apia had no 30 December 2011', () =>
    expect(shown(nextRun(parse('0 0 31 12 *'), zoneOf('Pacific/Apia'), ms('2011-12-15T00:00:00Z')))).toBe(
      '2011-12-30T10:00:00Z',
    ))
})

describe('latestRun and countRuns', () => {
  it('agree with repeated nextRun', () => {
    const span = fc.oneof(fc.integer({ min: 0, max: 2 * DAY }), fc.integer({ min: 0, max: 300 * DAY }))
    const schedules = fc.oneof(
      fields,
      fc.constantFrom('@every 7m', '@every 1h', '@daily', 'TZ=Africa/Cairo 0 0 * * FRI'),
    )
    fc.assert(
      fc.property(schedules, zoneAndTime, span, (text, { zone, at }, length) => {
        const schedule = parse(text)
        let count = 0
        let last: number | undefined
        let run = nextRun(schedule, zone, at)
        for (; run !== undefined && run <= at + length && count < 3000; run = nextRun(schedule, zone, run)) {
          count++
          last = run
        }
        const upTo = count < 3000 ? at + length : (last ?? at)
        expect(countRuns(schedule, zone, at, upTo)).toBe(count)
        expect(shown(latestRun(schedule, zone, at, upTo))).toBe(shown(last))
      }),
      { numRuns: 400 },
    )
  })

  it('count a run that falls on the end and not one on the begin', () => {
    const hourly = parse('@hourly')
    const [from, to] = [ms('2026-01-01T10:00:00Z'), ms('2026-01-01T12:00:00Z')]
    expect(countRuns(hourly, utc, from, to)).toBe(2)
    expect(latestRun(hourly, utc, from, to)).toBe(to)
    expect(countRuns(hourly, utc, from, to - 1)).toBe(1)
    expect(countRuns(hourly, utc, to, from)).toBe(0)
    expect(latestRun(hourly, utc, to, from)).toBeUndefined()
  })

  it('count a century of minutes', () =>
    expect(
      countRuns(parse('* * * * *'), zoneOf('Europe/Berlin'), ms('1926-01-01T00:00:00Z'), ms('2026-01-01T00:00:00Z')),
    ).toBe((ms('2026-01-01T00:00:00Z') - ms('1926-01-01T00:00:00Z')) / MINUTE))
})

describe('shortestGap', () => {
  it.each([
    ['* * * * *', MINUTE],
    ['*/7 * * * *', 4 * MINUTE],
    ['0,59 * * * *', MINUTE],
    ['0,59 3 * * *', 59 * MINUTE],
    ['0 0,23 * * *', HOUR],
    ['0 0,23 * * 1', 23 * HOUR],
    ['0 9 * * MON-FRI', DAY],
    ['0 9 * * 1', 7 * DAY],
    ['0 0 1 * *', 28 * DAY],
    ['0 0 31 * *', 31 * DAY],
    ['0 0 29 2 *', 1461 * DAY],
    ['0 0 1 1 *', 365 * DAY],
    ['@every 90s', 90_000],
    ['0 0 31 2 *', undefined],
    ['* , * * *', undefined],
  ])('of %s is %s ms', (text, gap) => expect(shortestGap(parse(text))).toBe(gap))
})

describe('neverFires', () => {
  it.each(['0 0 31 2 *', '0 0 30 2 *', '0 0 31 4,6,9,11 *', '0 0 , * *', ', * * * *', '0 0 1 , *'])('%s', (text) =>
    expect(neverFires(parse(text))).toBe(true),
  )
  it.each(['0 0 29 2 *', '0 0 31 2 1', '0 0 31 * *', '0 0 , * 0', '@every 1h'])('but %s does', (text) =>
    expect(neverFires(parse(text))).toBe(false),
  )
})

describe('moreThanFit', () => {
  const from = ms('2026-01-01T00:00:00Z')
  it.each([
    ['* * * * *', 100 * MINUTE, false],
    ['* * * * *', 100 * MINUTE + 1, true],
    ['*/5 * * * *', 500 * MINUTE, false],
    ['*/5 * * * *', 501 * MINUTE, true],
    ['@every 1m', 100 * MINUTE, false],
    ['@every 1m', 101 * MINUTE, true],
    ['@hourly', DAY, false],
    ['@hourly', 5 * DAY, true],
    ['@monthly', 3650 * DAY, true],
    ['0 0 31 2 *', 36500 * DAY, false],
    ['0-49 9 * * 1,2', DAY, false],
    ['0-50 9 * * 1,2', 25 * HOUR, true],
  ])('more than 100 runs of %s in %i ms: %s', (text, window, fits) =>
    expect(moreThanFit(parse(text), utc, 100, window, from)).toBe(fits),
  )

  it('sees that a clock change moves runs together', () => {
    // From 01:00 to 03:00 it is one hour on the last Sunday of March.
    expect(moreThanFit(parse('0 1,3 * * *'), utc, 1, 2 * HOUR, from)).toBe(false)
    expect(moreThanFit(parse('0 1,3 * * *'), zoneOf('Europe/Berlin'), 1, 2 * HOUR, from)).toBe(true)
  })

  it('agrees with every window of a year, where times and weekdays make the pattern', () => {
    const sparse = fc
      .tuple(
        fc.constantFrom('0', '0,30', '15,20'),
        fc.constantFrom('*', '1-3', '0,2,23', '*/6'),
        fc.constantFrom('*', '1', 'MON-FRI', '0,6'),
      )
      .map(([m, h, w]) => `${m} ${h} * * ${w}`)
    // Where a change falls on midnight, runs depend on where the walk began, and a year's walk is no measure.
    const calmZone = fc
      .constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'America/St_Johns', 'Asia/Kolkata', 'Pacific/Apia')
      .map(zoneOf)
    const limit = fc.integer({ min: 0, max: 12 })
    const window = fc.integer({ min: 1, max: 4 * 24 * 4 }).map((quarters) => quarters * 15 * MINUTE)
    fc.assert(
      fc.property(sparse, calmZone, limit, window, (text, zone, limit, window) => {
        const schedule = parse(text)
        const runs: number[] = []
        for (let run = nextRun(schedule, zone, from); run !== undefined && run < from + 373 * DAY; ) {
          runs.push(run)
          run = nextRun(schedule, zone, run)
        }
        const full = runs.some(
          (run, i) => run < from + 366 * DAY && (runs[i + limit] ?? Number.POSITIVE_INFINITY) - run < window,
        )
        expect(moreThanFit(schedule, zone, limit, window, from)).toBe(full)
      }),
      { numRuns: 200 },
    )
  })
})
