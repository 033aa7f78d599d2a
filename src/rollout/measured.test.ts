import { describe, expect, it } from 'vitest'
import { howLost, Measured } from './measured.ts'
import type { Failure, Outcome } from './outcomes.ts'

const outcome = (over: Partial<Outcome> = {}): Outcome => ({
  ...{ method: 'GET', plannedMs: 0, sentMs: 1, endedMs: 10, reused: false, result: { status: 200, headers: {} } },
  ...over,
})
const failed = (failure: Failure, over: Partial<Outcome> = {}) =>
  outcome({ result: { failure, message: failure }, ...over })
const answered = (status: number, headers: Record<string, string> = {}) => outcome({ result: { status, headers } })

describe('what a load met', () => {
  it.each([
    [answered(204), undefined],
    [answered(302), undefined],
    [answered(404), 'status'],
    [answered(500), 'status'],
    [answered(502), '502'],
    [answered(503), '503'],
    [answered(504), '504'],
    [failed('refused'), 'refused'],
    [failed('reset'), 'cut-off'],
    [failed('cut-short'), 'cut-off'],
    [failed('stream-reset'), 'cut-off'],
    [failed('going-away'), 'cut-off'],
    [failed('not-http2'), 'tls'],
    [failed('dns'), 'dns'],
    [failed('timed-out'), 'timed-out'],
  ])('is %j: %s', (one, how) => expect(howLost(one)).toBe(how))

  it('is in buckets without a gap, by when it was due', () => {
    const measured = new Measured({ slowMs: 1000 })
    measured.take('a', true, outcome({ plannedMs: 10, endedMs: 30 }))
    measured.take('a', true, failed('refused', { plannedMs: 20 }))
    measured.take('a', true, outcome({ plannedMs: 800, endedMs: 805 }))
    expect(measured.buckets()).toEqual([
      { fromMs: 0, sent: 2, lost: 1, p50Ms: 20, worstMs: 20 },
      { fromMs: 250, sent: 0, lost: 0, p50Ms: undefined, worstMs: undefined },
      { fromMs: 500, sent: 0, lost: 0, p50Ms: undefined, worstMs: undefined },
      { fromMs: 750, sent: 1, lost: 0, p50Ms: 5, worstMs: 5 },
    ])
  })

  it('tells apart what most clients send again, and what this machine could not send', () => {
    const measured = new Measured({ slowMs: 1000 })
    measured.take('a', false, failed('closed', { reused: true }))
    measured.take('a', false, failed('closed', { reused: false }))
    measured.take('a', false, failed('going-away', { reused: true }))
    measured.take('a', false, failed('exhausted'))
    expect(measured.lost.map(({ again }) => again)).toEqual([true, false, true])
    expect([measured.sent, measured.lostCount, measured.exhausted]).toEqual([3, 3, 1])
  })

  it('is slow from when it was due, and not lost', () => {
    const measured = new Measured({ slowMs: 100 })
    measured.take('a', true, outcome({ plannedMs: 0, sentMs: 90, endedMs: 120 }))
    expect([measured.lostCount, measured.slow.map(({ how }) => how)]).toEqual([0, ['slow']])
  })

  it('knows when a Pod last answered over a connection of its own', () => {
    const measured = new Measured({ slowMs: 100, podHeader: 'x-pod' })
    const by = (pod: string, sentMs: number) =>
      outcome({ sentMs, endedMs: sentMs, plannedMs: sentMs, result: { status: 200, headers: { 'x-pod': pod } } })
    for (const sentMs of [5, 9, 7]) measured.take('a', true, by('shop-1', sentMs))
    measured.take('a', false, by('shop-1', 50))
    expect([...measured.lastServed]).toEqual([['shop-1', 9]])
  })
})
