import { describe, expect, it } from 'vitest'
import { durationText, timeOf, timeText } from './time.ts'

describe('durationText', () => {
  it.each([
    [0, '0 s'],
    [75, '75 ms'],
    [59_999, '59 s'],
    [240_000, '4 min'],
    [3_600_000 + 1_000, '1 h'],
    [7 * 86_400_000 + 3 * 3_600_000 + 59_000, '7 d 3 h'],
  ])('%d ms', (ms, text) => expect(durationText(ms)).toBe(text))
})

describe('timeOf and timeText', () => {
  it('read and write what the API writes', () => {
    expect(timeText(timeOf('2026-11-23T08:00:00Z') ?? 0)).toBe('2026-11-23T08:00:00Z')
    expect(timeOf('2026-11-23T10:00:00+02:00')).toBe(Date.parse('2026-11-23T08:00:00Z'))
  })
  it('read nothing from nothing', () => {
    expect(timeOf(null)).toBeUndefined()
    expect(timeOf('yesterday')).toBeUndefined()
  })
})
