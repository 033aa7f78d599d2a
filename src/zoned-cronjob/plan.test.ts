import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { packedZones } from '../schedule/packed-zones.ts'
import { parseSchedule } from '../schedule/parse.ts'
import { type DaylightSaving, type Plan, planOf } from './plan.ts'

const zones = packedZones()
const asCronJob: DaylightSaving = { skipped: 'skip', repeated: 'twice' }
const usual: DaylightSaving = { skipped: 'runAfter', repeated: 'once' }

function plan(schedule: string, zoneName = 'Europe/Berlin', daylightSaving = usual, since = 0): Plan {
  const zone = zones.find(zoneName)
  if (!zone) throw new Error(zoneName)
  return planOf(parseSchedule(schedule, zones), zone, daylightSaving, since)
}

function runs(of: Plan, from: string, to: string): readonly string[] {
  const found: string[] = []
  for (let run = of.next(Date.parse(from)); run && run.at <= Date.parse(to); run = of.next(run.at)) {
    found.push(`${new Date(run.at).toISOString().slice(5, 16)}${run.note ? ` ${run.note}` : ''}`)
  }
  return found
}

describe('the clocks of Berlin', () => {
  const spring = ['2027-03-27T12:00:00Z', '2027-03-29T12:00:00Z'] as const
  const autumn = ['2027-10-30T12:00:00Z', '2027-11-01T12:00:00Z'] as const

  it.each([
    ['a skipped time is run at the change', '30 2 * * *', usual, ['03-28T01:00 skipped', '03-29T00:30']],
    ['or not at all', '30 2 * * *', asCronJob, ['03-29T00:30']],
    [
      'many skipped times are one run',
      '*/20 2 * * *',
      usual,
      ['03-28T01:00 skipped', '03-29T00:00', '03-29T00:20', '03-29T00:40'],
    ],
    [
      'what is planned at the change anyway is one run',
      '0 2,3 * * *',
      usual,
      ['03-28T01:00', '03-29T00:00', '03-29T01:00'],
    ],
  ])('in spring %s', (_, schedule, daylightSaving, expected) => {
    expect(runs(plan(schedule, 'Europe/Berlin', daylightSaving), ...spring)).toEqual(expected)
  })

  it.each([
    ['a time that comes twice is run once', '30 2 * * *', usual, ['10-31T00:30 repeated', '11-01T01:30']],
    ['or twice', '30 2 * * *', asCronJob, ['10-31T00:30 repeated', '10-31T01:30 repeated', '11-01T01:30']],
  ])('in autumn %s', (_, schedule, daylightSaving, expected) => {
    expect(runs(plan(schedule, 'Europe/Berlin', daylightSaving), ...autumn)).toEqual(expected)
  })

  it('what runs in every hour goes on by the time that passes', () => {
    expect(runs(plan('0 * * * *'), '2027-10-30T22:30:00Z', '2027-10-31T02:30:00Z')).toHaveLength(4)
    expect(runs(plan('0 * * * *'), '2027-03-27T23:30:00Z', '2027-03-28T02:30:00Z')).toHaveLength(3)
  })
})

it('a delay is counted from the creation, to whole seconds', () => {
  const every = plan('@every 90m', 'UTC', usual, Date.parse('2027-01-01T00:10:00.500Z'))
  expect(runs(every, '2027-01-01T00:00:00Z', '2027-01-01T04:00:00Z')).toEqual(['01-01T01:40', '01-01T03:10'])
  expect(every.count(Date.parse('2027-01-01T00:00:00Z'), Date.parse('2027-01-01T03:10:00Z'))).toBe(2)
})

it('what never comes is none', () => {
  const never = plan('0 0 31 2 *')
  expect([never.next(0), never.latest(0, 1e12), never.count(0, 1e12)]).toEqual([undefined, undefined, 0])
})

const schedules = [
  '30 2 * * *',
  '*/7 1-3 * * *',
  '0 0 * * *',
  '15 0,2,3 * * 0',
  '* * * * *',
  '0 2,3 * * *',
  '*/30 23,0 * * *',
]
const zoneNames = [
  'Europe/Berlin',
  'America/New_York',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'Asia/Amman',
  'UTC',
  'Africa/Cairo',
]

it('counts and finds the last as going from run to run does', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...schedules),
      fc.constantFrom(...zoneNames),
      fc.constantFrom<DaylightSaving['skipped'][]>('skip', 'runAfter'),
      fc.constantFrom<DaylightSaving['repeated'][]>('once', 'twice'),
      fc.integer({ min: 1_000_000_000, max: 2_000_000_000 }),
      fc.integer({ min: 0, max: 3 * 86_400 }),
      fc.boolean(),
      (schedule, zone, skipped, repeated, at, length, atChange) => {
        const of = plan(schedule, zone, { skipped, repeated })
        const change = zones.find(zone)?.stretch(at * 1000).to ?? Number.POSITIVE_INFINITY
        const from = atChange && Number.isFinite(change) ? change - (at % 7200) * 1000 : at * 1000
        const to = from + length * 1000
        const found: number[] = []
        for (let run = of.next(from); run && run.at <= to; run = of.next(run.at)) found.push(run.at)
        expect(of.count(from, to)).toBe(found.length)
        expect(of.latest(from, to)).toBe(found.at(-1))
        expect(found).toEqual([...new Set(found)].toSorted((a, b) => a - b))
      },
    ),
    { numRuns: 1000 },
  )
})
