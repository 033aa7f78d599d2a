import { describe, expect, it } from 'vitest'
import type { Outcome } from '../../rollout/outcomes.ts'
import { causeOf, lossTable, lostOf, lostOverTime } from './drill-tally.ts'

const outcome = (result: Outcome['result'], over: Partial<Outcome> = {}): Outcome => ({
  ...{ method: 'GET', plannedMs: 0, sentMs: 0, endedMs: 10, reused: false },
  ...over,
  result,
})
const answer = (status: number, connected?: string): Outcome['result'] => ({
  status,
  headers: connected === undefined ? {} : { 'x-connected': connected },
})
const failed = (failure: 'refused' | 'reset' | 'closed' | 'cut-short' | 'timed-out'): Outcome['result'] => ({
  failure,
  message: '',
})

describe('what a request was lost to', () => {
  it.each([
    [undefined, answer(200, '0.000')],
    [undefined, answer(200, '-, 0.000')],
    ['502 refused', answer(502, '-')],
    ['502 refused', answer(502, '-, -')],
    ['502 refused', answer(502, '0.000, -')],
    ['502 cut off', answer(502, '0.000')],
    ['502 cut off', answer(502, '-, 0.001')],
    ['else', answer(502)],
    ['504 gone', answer(504, '-')],
    ['else', answer(504, '0.000')],
    ['else', answer(503, '-')],
    ['refused', failed('refused')],
    ['cut off', failed('reset')],
    ['cut off', failed('closed')],
    ['cut off', failed('cut-short')],
    ['else', failed('timed-out')],
  ] as const)('%s: %j', (cause, result) => expect(causeOf(outcome(result))).toBe(cause))

  it('a kept connection that was closed as it was used again', () =>
    expect(causeOf(outcome(failed('closed'), { reused: true }))).toBe('kept closed'))
})

const rows = [
  { name: 'a', outcomes: [outcome(answer(200, '0')), outcome(answer(502, '-'), { plannedMs: 500 })] },
  { name: 'b', outcomes: [outcome(failed('reset'), { reused: true }), outcome(answer(502, '0'), { plannedMs: 250 })] },
]

it('a table has the columns that are asked for, and those that hold something', () => {
  expect(lossTable(rows, ['502 refused', '502 cut off'])).toEqual({
    columns: ['sent', 'lost', '502 refused', '502 cut off', 'kept closed'],
    rows: [
      ['a', 2, 1, 1, 0, 0],
      ['b', 2, 2, 0, 1, 1],
    ],
  })
  expect(lossTable([], ['refused']).columns).toEqual(['sent', 'lost', 'refused'])
})

it('what a reload closes is not lost to who stopped', () => {
  expect(lostOf(rows)).toBe(2)
  const [group] = lostOverTime([{ name: 'run', rows }]).groups
  expect(group).toMatchObject({
    points: [
      [0, 0],
      [0.25, 1],
      [0.5, 2],
      [0.01, 2],
    ],
  })
})
