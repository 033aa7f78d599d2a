import { describe, expect, it } from 'vitest'
import { explainData, explainText } from './cron-explain.ts'
import { nextData } from './cron-next.ts'
import { nextText } from './cron-next-view.ts'
import { timeOption, timesOf } from './cron-times.ts'

const io = { now: () => Date.parse('2026-11-23T08:00:00.500Z'), env: {} }
const style = { color: false, columns: 100 }
const from = (text: string) => ({ from: Date.parse(text) })
const shown = (text: string, options: Parameters<typeof timesOf>[1], count: number): string =>
  nextText(nextData(timesOf(text, options, io), count), style).replace(/^tzdata.*$/m, 'tzdata')

describe('next', () => {
  it('marks both of a run that comes twice', () =>
    expect(shown('30 2 * * *', { zone: 'Europe/Berlin', ...from('2026-10-24T00:00:00Z') }, 3)).toBe(
      `30 2 * * * in Europe/Berlin, after 2026-10-24T00:00:00Z
tzdata

  Sat 2026-10-24 02:30 +02:00  2026-10-24T00:30:00Z
  Sun 2026-10-25 02:30 +02:00  2026-10-25T00:30:00Z  its local time comes twice; this is the first
  Sun 2026-10-25 02:30 +01:00  2026-10-25T01:30:00Z  its local time comes twice; this is the second
`,
    ))

  it('shows what is skipped between the runs, shortened where there is much of it', () =>
    expect(shown('* 2 * * *', { zone: 'Europe/Berlin', ...from('2027-03-27T23:00:00Z') }, 1)).toBe(
      `* 2 * * * in Europe/Berlin, after 2027-03-27T23:00:00Z
tzdata

  Sun 2027-03-28 02:00         -                     no run: clocks go forward over it
  Sun 2027-03-28 02:01         -                     no run: clocks go forward over it
  … 58 more until 02:59
  Mon 2027-03-29 02:00 +02:00  2027-03-29T00:00:00Z
`,
    ))

  it('says which zone and time it took by itself, and that nothing comes', () => {
    const data = nextData(timesOf('0 0 30 2 *', {}, io), 5)
    expect(data).toMatchObject({ timeZone: 'UTC', timeZoneBy: 'default', fromBy: 'now', rows: [], ends: true })
    expect(data.from).toBe('2026-11-23T08:00:00Z')
    expect(nextText(data, style)).toMatch(/no run: Kubernetes looks five years ahead\n\nNote: no --zone: UTC/)
  })

  it('says how many there are, if fewer come', () => {
    const data = nextData(timesOf('0 0 29 2 *', { zone: 'UTC' }, io), 3)
    expect(data.rows.map(({ utc }) => utc)).toEqual([
      '2028-02-29T00:00:00Z',
      '2032-02-29T00:00:00Z',
      '2036-02-29T00:00:00Z',
    ])
    expect(data.ends).toBe(false)
  })

  it('understands a zone in the schedule, and says what became of that', () => {
    const data = nextData(timesOf('CRON_TZ=Asia/Tokyo 0 9 * * *', {}, io), 1)
    expect(data).toMatchObject({ timeZone: 'Asia/Tokyo', timeZoneBy: 'schedule' })
    expect(data.rows[0]).toEqual({ runs: true, local: '2026-11-24T09:00:00+09:00', utc: '2026-11-24T00:00:00Z' })
    expect(data.notes).toEqual([expect.stringContaining('spec.timeZone: Asia/Tokyo')])
  })

  it.each([
    ['61 * * * *', {}, 'spec.schedule: Invalid value: "61 * * * *": end of range (61) above maximum (59): 61'],
    ['0 0 * * *', { zone: 'Mars' }, 'spec.timeZone: Invalid value: "Mars": unknown time zone Mars'],
    ['TZ=UTC 0 0 * * *', { zone: 'UTC' }, 'cannot use both timeZone field and TZ or CRON_TZ in schedule'],
  ])('refuses %s %j', (text, options, said) => expect(() => timesOf(text, options, io)).toThrow(said))
})

describe('a time', () => {
  it.each(['2026-10-24T00:00:00Z', '2026-10-24T02:00+02:00', '2028-02-29T00:00:00.5Z'])('%s is one', (text) =>
    expect(timeOption(text)).toBe(Date.parse(text)),
  )
  it.each([
    '2026-10-24',
    '2026-02-30T00:00:00Z',
    '2026-10-24T25:00:00Z',
    '2026-10-24T00:00:00',
    'now',
    '2026-13-01T00:00:00Z',
  ])('%s is none', (text) => expect(() => timeOption(text)).toThrow('RFC 3339'))
})

it('explain says it in words, warns, and shows the next runs', () => {
  const data = explainData(timesOf('0 0 1-7 * MON', { zone: 'Europe/Berlin' }, io))
  expect(data.warnings.map(({ code }) => code)).toEqual(['either-day', 'pile-up'])
  expect(explainText(data, style).replace(/\(tzdata.*\)/, '(tzdata)')).toBe(`0 0 1-7 * MON
At 00:00 on days 1 to 7 of the month and besides on Mondays.

BEWARE
  either-day  day of month and weekday are both given, and one of them is enough: it runs on all
              days of 1-7 and on all of MON, not only where both meet
  pile-up     00:00 is when most schedules of a cluster start at once: another minute is as good,
              and less crowded (roadcrew cron list shows where they pile up)

NEXT in Europe/Berlin, after 2026-11-23T08:00:00Z (now) (tzdata)
  Mon 2026-11-30 00:00 +01:00  2026-11-29T23:00:00Z
  Tue 2026-12-01 00:00 +01:00  2026-11-30T23:00:00Z
  Wed 2026-12-02 00:00 +01:00  2026-12-01T23:00:00Z
`)
})
