import { describe, expect, it } from 'vitest'
import type { Zone } from '../contract/hazard.ts'
import { packedZones } from './packed-zones.ts'
import { parseSchedule } from './parse.ts'
import { pitfalls } from './pitfalls.ts'
import { utc } from './zone.ts'

const zones = packedZones()
const now = Date.parse('2026-11-23T08:00:00Z')
const berlin = zones.find('Europe/Berlin') ?? utc

const found = (text: string, zone: Zone = berlin, named = true) => {
  const schedule = parseSchedule(text, zones)
  return pitfalls(schedule, schedule.zone ?? zone, named, now)
}
const textOf = (text: string, code: string): string | undefined => found(text).find((one) => one.code === code)?.text

describe('what may surprise, in Europe/Berlin', () => {
  it.each([
    ['* * * * *', ''],
    ['*/15 * * * *', ''],
    ['5/15 * * * *', ''],
    ['*/7 * * * *', 'uneven-step'],
    ['0 * * * *', 'pile-up'],
    ['5 * * * *', ''],
    ['5,20 * * * *', ''],
    ['0/30 * * * *', ''],
    ['@hourly', 'pile-up'],
    ['@daily', 'pile-up'],
    ['@weekly', 'pile-up'],
    ['@monthly', 'pile-up'],
    ['@yearly', 'pile-up'],
    ['@every 90m', 'every'],
    ['@every 1h30m5s', 'every'],
    ['30 2 * * *', 'skipped-run doubled-run'],
    ['30 2,14 * * *', 'skipped-run doubled-run'],
    ['0 9 * * MON-FRI', 'pile-up'],
    ['0 9 * * SAT,SUN', 'pile-up'],
    ['0 9 * * 0-4', 'pile-up'],
    ['*/10 9-17 * * 1-5', ''],
    ['15 9-17 * * *', ''],
    ['0 */2 * * *', 'pile-up skipped-run doubled-run'],
    ['30 1-23/2 * * *', ''],
    ['0 */5 * * *', 'uneven-step pile-up'],
    ['* 2 * * *', 'skipped-run doubled-run'],
    ['* 2-4 * * *', 'skipped-run doubled-run'],
    ['* 2,5 * * *', 'skipped-run doubled-run'],
    ['*/20 3,7,9 * * *', ''],
    ['5,10,20 3,7,9-17 * * *', ''],
    ['0 0 1 * *', 'pile-up'],
    ['0 0 1,15 * *', 'pile-up'],
    ['0 0 31 * *', 'short-months pile-up'],
    ['0 0 29 2 *', 'short-months pile-up'],
    ['0 0 31 2 *', 'never-fires'],
    ['0 0 30 * *', 'short-months pile-up'],
    ['0 0 15,31 * *', 'short-months pile-up'],
    ['0 0 13 * FRI', 'either-day pile-up'],
    ['0 0 1-7 * MON', 'either-day pile-up'],
    ['0 0 */2 * *', 'uneven-step pile-up'],
    ['0 0 */2 * 1', 'either-day stepped-star uneven-step pile-up'],
    ['0 0 1-31 * 1', 'full-field pile-up'],
    ['0 0 */1 * 1', 'step-of-one pile-up'],
    ['0 0 *,5 * *', 'star-in-list pile-up'],
    ['0 0 1 JAN-MAR,JUN *', 'pile-up'],
    ['0 0 * 3-5 *', 'pile-up'],
    ['0 0 1 1,7 *', 'pile-up'],
    ['0 0 3-31/3 * *', 'pile-up'],
    ['*/60 * * * *', 'long-step pile-up'],
    ['*/90 * * * *', 'long-step pile-up'],
    ['0 */25 * * *', 'long-step pile-up'],
    ['0 0 , * 0', 'pile-up'],
    [', * * * *', 'never-fires'],
    ['0 0 * */5 *', 'uneven-step pile-up'],
    ['0 0 * * */2', 'uneven-step pile-up'],
    ['CRON_TZ=Asia/Tokyo 0 9 * * 1', 'pile-up'],
    ['0 0 2-31/29 * *', 'short-months pile-up'],
    ['TZ=UTC @every 5m', 'every zone-for-nothing'],
    ['0 0 1-31/5 * *', 'pile-up'],
    ['0 0 31 4,6 *', 'never-fires'],
    ['0 0 29-31 * *', 'short-months pile-up'],
    ['0 0 28-31 * *', 'pile-up'],
    ['0 3 15 3 *', 'pile-up'],
  ])('of %s: %s', (text, codes) =>
    expect(
      found(text)
        .map(({ code }) => code)
        .join(' '),
    ).toBe(codes),
  )
})

describe('the words of', () => {
  it.each([
    [
      '0 0 31 * *',
      'short-months',
      'day 31 comes in 7 of the 12 months only: not in February, April, June, September and November',
    ],
    ['0 0 31 4,6,7 *', 'short-months', 'day 31 comes in 1 of the 3 months only: not in April and June'],
    ['0 0 29 * *', 'short-months', 'day 29 comes in February only in leap years'],
    ['*/7 * * * *', 'uneven-step', '*/7 begins anew each hour: from minute 56 to minute 0 of the next it is 4, not 7'],
    [
      '5/25 * * * *',
      'uneven-step',
      '5/25 begins anew each hour: from minute 55 to minute 5 of the next it is 10, not 25',
    ],
    ['*/90 * * * *', 'long-step', '*/90: the step leads beyond the last minute, so that minute 0 alone is left'],
    ['30 2 * * *', 'skipped-run', 'clocks of Europe/Berlin go forward over 2027-03-28 02:30: nothing runs then'],
    ['30 2 * * *', 'doubled-run', 'clocks of Europe/Berlin go back over 2027-10-31 02:30: it runs twice'],
  ])('%s: %s', (text, code, expected) => expect(textOf(text, code)).toBe(expected))
})

describe('a zone that nobody named', () => {
  it.each([
    ['30 2 * * *', ['no-zone']],
    ['*/5 * * * *', []],
  ])('%s: %j', (text, codes) => expect(found(text, utc, false).map(({ code }) => code)).toEqual(codes))
})
