import { describe, expect, it } from 'vitest'
import { lowerBound, median, stepsOf, upperBound } from './syn-steps.ts'

describe('steps of SYNs that were sent again', () => {
  it('are those of old and new kernels, and nothing else that is slow', () => {
    const times = [0.4, 3, 1000.6, 1044, 1249, 2001, 3010, 7003, 11_100, 1700, 9000]
    expect(stepsOf(times, 1)).toEqual({
      met: [
        { seconds: 1, count: 3 },
        { seconds: 2, count: 1 },
        { seconds: 3, count: 1 },
        { seconds: 7, count: 1 },
        { seconds: 11, count: 1 },
      ],
      otherwise: 2,
    })
  })

  it('come later where every connect takes long', () => {
    expect(stepsOf([1390], 150)).toEqual({ met: [{ seconds: 1, count: 1 }], otherwise: 0 })
    expect(stepsOf([999, 20], 1)).toEqual({ met: [], otherwise: 0 })
  })
})

it('the median is the middle one', () => expect([median([5, 1, 9]), median([])]).toEqual([5, 0]))

describe('the bound that so many tries allow', () => {
  // 1 - 0.05 ** (1 / n) where none was seen; the others from tables of the F distribution.
  it.each([
    [0, 396, 1 - 0.05 ** (1 / 396)],
    [0, 1, 0.95],
    [1, 10, 0.394163],
    [3, 100, 0.075712],
    [10, 10, 1],
    [0, 0, 1],
  ])('%i of %i', (seen, tries, bound) => expect(upperBound(seen, tries)).toBeCloseTo(bound, 5))

  // 1 - 0.95 ** (1 / 10) where one was seen; by symmetry the upper bound of those that were not.
  it.each([
    [0, 396, 0],
    [1, 10, 1 - 0.95 ** (1 / 10)],
    [9, 10, 1 - 0.394163],
    [10, 10, 0.05 ** (1 / 10)],
  ])('%i of %i is at least', (seen, tries, bound) => expect(lowerBound(seen, tries)).toBeCloseTo(bound, 5))

  it('falls with more tries, and is above what was seen', () => {
    for (const [seen, tries] of [
      [256, 10_000],
      [5, 50],
    ] as const) {
      expect(upperBound(seen, tries)).toBeGreaterThan(seen / tries)
      expect(upperBound(seen, tries)).toBeGreaterThan(upperBound(seen, 2 * tries))
    }
  })
})
