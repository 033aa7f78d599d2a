import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Zone } from '../contract/hazard.ts'
import { parsePosixRule } from './posix-rule.ts'
import { parseTzif, TzifError } from './tzif.ts'

const fixture = (name: string): Uint8Array => readFileSync(new URL(`./fixtures/${name}`, import.meta.url))
const berlin = fixture('berlin-slim.tzif')
const hoursAt = (zone: Zone, time: string): number => zone.stretch(Date.parse(time)).offset / 3_600_000

describe('a slim file, which ends with its last change of rules', () => {
  const zone = parseTzif(berlin, 'Europe/Berlin')

  it.each([
    ['1945-06-01T00:00:00Z', 3],
    ['1980-07-01T00:00:00Z', 2],
    ['2026-03-29T00:59:59Z', 1],
    ['2026-03-29T01:00:00Z', 2],
    ['2026-10-25T00:59:59Z', 2],
    ['2026-10-25T01:00:00Z', 1],
    ['2400-07-01T00:00:00Z', 2],
  ])('%s', (time, hours) => expect(hoursAt(zone, time)).toBe(hours))

  it('has stretches that touch and never repeat an offset', () => {
    let at = Date.parse('1850-01-01T00:00:00Z')
    let before = zone.stretch(at)
    while (at < Date.parse('2100-01-01T00:00:00Z')) {
      at = before.to
      const next = zone.stretch(at)
      expect(next.from).toBe(at)
      expect(next.offset).not.toBe(before.offset)
      before = next
    }
  })

  it('may change by half an hour', () => {
    const lordHowe = parseTzif(fixture('lord-howe-slim.tzif'), 'Australia/Lord_Howe')
    expect(hoursAt(lordHowe, '2050-01-01T00:00:00Z')).toBe(11)
    expect(hoursAt(lordHowe, '2050-07-01T00:00:00Z')).toBe(10.5)
  })
})

describe('a file of the first version', () => {
  // One change, at 1970-01-01, from -1 h to +2 h.
  const bytes = new Uint8Array(44 + 4 + 1 + 2 * 6 + 4)
  const view = new DataView(bytes.buffer)
  bytes.set(new TextEncoder().encode('TZif'))
  for (const [place, count] of [0, 0, 0, 1, 2, 4].entries()) view.setUint32(20 + place * 4, count)
  view.setUint8(48, 1)
  view.setInt32(49, -3600)
  view.setInt32(55, 7200)

  it('has neither 64 bits nor a footer', () => {
    const zone = parseTzif(bytes, 'Old/File')
    expect(zone.stretch(-1)).toEqual({ from: Number.NEGATIVE_INFINITY, to: 0, offset: -3_600_000 })
    expect(zone.stretch(0)).toEqual({ from: 0, to: Number.POSITIVE_INFINITY, offset: 7_200_000 })
  })

  it('is refused with a type that it does not have', () => {
    const broken = bytes.slice()
    broken[48] = 2
    expect(() => parseTzif(broken, 'Old/File')).toThrow(
      new TzifError('time zone "Old/File": expected a local time type below 2, found 2'),
    )
  })
})

describe('a broken file', () => {
  it.each([
    ['empty', new Uint8Array(), 'expected a TZif file, but it ends too early (0 bytes)'],
    [
      'text',
      new TextEncoder().encode('# version 2026b, and much more text than that'),
      'expected a TZif file, found none at byte 0',
    ],
    ['cut off', berlin.slice(0, 300), 'expected a TZif file, but it ends too early (300 bytes)'],
    ['without a footer', berlin.slice(0, -2), 'expected a footer between two line ends, found none'],
  ])('%s', (_, bytes, message) =>
    expect(() => parseTzif(bytes, 'A/B')).toThrow(new TzifError(`time zone "A/B": ${message}`)),
  )

  it('never throws anything but a TzifError, wherever it is cut', () => {
    for (let length = 0; length < berlin.length - 1; length++) {
      expect(() => parseTzif(berlin.subarray(0, length), 'A/B')).toThrow(TzifError)
    }
  })
})

describe('parsePosixRule', () => {
  const hours = (rule: string, time: string): number | undefined => {
    const stretch = parsePosixRule(rule)?.(Date.parse(time))
    return stretch && stretch.offset / 3_600_000
  }
  it.each([
    ['UTC0', '2026-07-01T00:00:00Z', 0],
    ['<+0545>-5:45', '2026-07-01T00:00:00Z', 5.75],
    ['CET-1CEST,M3.5.0,M10.5.0/3', '2026-07-01T00:00:00Z', 2],
    ['EST5EDT', '2026-07-01T00:00:00Z', -4],
    ['IST-1GMT0,M10.5.0,M3.5.0/1', '2026-01-01T00:00:00Z', 0],
    ['IST-1GMT0,M10.5.0,M3.5.0/1', '2026-07-01T00:00:00Z', 1],
    ['NZST-12NZDT,M9.5.0,M4.1.0/3', '2026-01-01T00:00:00Z', 13],
    ['<-02>2<-01>,M3.5.0/-1,M10.5.0/0', '2026-03-29T01:00:00Z', -1],
    ['<-02>2<-01>,M3.5.0/-1,M10.5.0/0', '2026-03-29T00:59:59Z', -2],
    ['XXX3EDT4,0/0,J365/23', '2026-01-01T03:30:00Z', -4],
    ['EST5EDT,J60,J300', '2028-03-01T06:59:59Z', -5],
    ['EST5EDT,J60,J300', '2028-03-01T07:00:00Z', -4],
    ['EST5EDT,59,300', '2028-02-29T07:00:00Z', -4],
  ])('%s at %s', (rule, time, expected) => expect(hours(rule, time)).toBe(expected))

  it.each(['', 'EST', 'EST5EDT,M3.2.0', 'EST5EDT,M3.6.0,M11.1.0', 'EST5EDT,J,5', '5'])('"%s" is none', (text) =>
    expect(parsePosixRule(text)).toBeUndefined(),
  )
})
