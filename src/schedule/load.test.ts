import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { timeText } from '../objects/time.ts'
import { fullest, hoursOf, loadOf, minutesOf } from './load.ts'
import { packedZones } from './packed-zones.ts'
import { parseSchedule } from './parse.ts'
import { countRuns } from './runs.ts'
import { utc } from './zone.ts'

const zones = packedZones()
const from = Date.parse('2026-11-23T08:00:00Z')
const hour = 3_600_000
const load = (text: string, since?: number, to = from + 24 * hour) =>
  loadOf(parseSchedule(text, zones), utc, since, from, to)
const total = ({ slots }: ReturnType<typeof load>): number => slots.reduce((sum, { runs }) => sum + runs, 0)

describe('the runs of a window', () => {
  it('begin after it begins, and its end is in it', () => {
    const { slots } = load('0 8 * * *')
    expect(slots.map(({ minute }) => timeText(minute))).toEqual(['2026-11-24T08:00:00Z'])
  })

  it('of @every count from the last run', () => {
    const { first, slots } = load('@every 90m', Date.parse('2026-11-23T06:40:07Z'), from + 3 * hour)
    expect(timeText(first ?? 0)).toBe('2026-11-23T08:10:07Z')
    expect(slots.map(({ minute }) => timeText(minute).slice(11, 16))).toEqual(['08:10', '09:40'])
    expect(timeText(load('@every 90m', from + hour).first ?? 0)).toBe('2026-11-23T10:30:00Z')
  })

  it('of @every are as many as there are', () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: -100_000, max: 100_000 }), (every, since) => {
        const schedule = parseSchedule(`@every ${every}s`, zones)
        const start = from - since * 1000
        const all = countRuns(schedule, utc, start, from + 24 * hour) - countRuns(schedule, utc, start, from)
        expect(total(load(`@every ${every}s`, start))).toBe(all)
      }),
    ))

  it('tell what a clock change does', () => {
    const berlin = zones.find('Europe/Berlin') ?? utc
    const night = (start: string) => {
      const at = Date.parse(start)
      const { lost, repeated, slots } = loadOf(
        parseSchedule('30 2 * * *', zones),
        berlin,
        undefined,
        at,
        at + 24 * hour,
      )
      return [slots.length, lost.length, repeated.length]
    }
    expect(night('2027-03-27T12:00:00Z')).toEqual([0, 1, 0])
    expect(night('2027-10-30T12:00:00Z')).toEqual([2, 0, 2])
  })
})

describe('many schedules', () => {
  const busy = minutesOf(['*/30 * * * *', '0 * * * *', '@every 20s', '0 9 * * *'].map((text) => load(text)))

  it('add up by minute', () => {
    const [top] = fullest(busy, 1)
    expect(top).toEqual({ minute: from + hour, runs: 6, of: [0, 1, 2, 3] })
    expect(busy.reduce((sum, { runs }) => sum + runs, 0)).toBe(48 + 24 + 3 * 1440 + 1)
  })

  it('add up by hour, those without a run too', () => {
    const hours = hoursOf(minutesOf([load('5 10 * * *')]), from + 60_000, from + 4 * hour)
    expect(hours.map(({ hour: at, runs }) => [timeText(at).slice(11, 13), runs])).toEqual([
      ['08', 0],
      ['09', 0],
      ['10', 1],
      ['11', 0],
      ['12', 0],
    ])
  })
})
