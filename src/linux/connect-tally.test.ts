import { expect, it } from 'vitest'
import { ConnectTally, countsBelow } from './connect-tally.ts'

const began = { client: 0, beganMs: 0 }

it('counts a connect as slow as soon as it is overdue, and only once', () => {
  const tally = new ConnectTally()
  tally.add([
    { ...began, number: 0, tookMs: 0.5 },
    { ...began, number: 1 },
  ])
  expect([tally.slow, tally.ended.length, tally.worstMs]).toEqual([1, 1, 900])
  tally.add([{ ...began, number: 1, tookMs: 1012 }])
  expect([tally.slow, tally.ended.length, tally.worstMs]).toEqual([1, 2, 1012])
  // The same number of another client is another connect; one that ended before it was told to be overdue counts too.
  tally.add([{ client: 1, beganMs: 0, number: 1, tookMs: 3020 }])
  expect([tally.slow, tally.worstMs]).toEqual([2, 3020])
})

it('counts what failed, which took no time', () => {
  const tally = new ConnectTally()
  tally.add([
    { ...began, number: 0, failed: 'ECONNREFUSED' },
    { ...began, number: 1, tookMs: 1 },
  ])
  expect([tally.failed, tally.slow, tally.times]).toEqual([1, 0, [1]])
})

it('counts values by limits, the last of them open', () => {
  expect(countsBelow([1, 10], [0.2, 1, 9.9, 10, 5000])).toEqual([1, 2, 2])
  expect(countsBelow([1], [])).toEqual([0, 0])
})
