import { describe, expect, it } from 'vitest'
import { olderThan, oldestSupported, parseVersion } from './version.ts'

describe('parseVersion', () => {
  it.each([
    ['1.29', { major: 1, minor: 29 }],
    ['v1.29.3', { major: 1, minor: 29 }],
    ['1.20+', { major: 1, minor: 20 }],
    ['v1.27.3-gke.100', { major: 1, minor: 27 }],
    ['latest', undefined],
    ['', undefined],
  ])('%s', (text, version) => expect(parseVersion(text)).toEqual(version))
})

describe('olderThan', () => {
  it('never takes an unknown version for an old one', () => expect(olderThan(undefined, 21)).toBe(false))
  it('compares minors', () => {
    expect(olderThan({ major: 1, minor: 20 }, 21)).toBe(true)
    expect(olderThan({ major: 1, minor: 21 }, 21)).toBe(false)
    expect(olderThan({ major: 2, minor: 0 }, 21)).toBe(false)
  })
})

describe('oldestSupported', () => {
  it.each([
    ['2026-10-01T00:00:00Z', 34],
    ['2026-11-25T00:00:00Z', 35],
    ['2027-03-01T00:00:00Z', 36],
    ['2040-01-01T00:00:00Z', 37],
  ])('%s', (at, minor) => expect(oldestSupported(Date.parse(at))).toEqual({ major: 1, minor }))
})
