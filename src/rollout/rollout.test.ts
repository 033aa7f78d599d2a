import { describe, expect, it } from 'vitest'
import { dueMs, expectRate } from './arrivals.ts'
import { failureOf, isLost, isRaceForConnection, type Outcome } from './outcomes.ts'
import { latenessOf, percentile, spoiltText, summaryOf } from './summary.ts'

const outcome = (over: Partial<Outcome> = {}): Outcome => ({
  ...{ method: 'GET', plannedMs: 0, sentMs: 0, endedMs: 10, reused: false, result: { status: 200, headers: {} } },
  ...over,
})

describe('arrivals', () => {
  it('come evenly and add up no error', () => {
    expect([0, 1, 2].map((index) => dueMs({ perSecond: 4, offsetMs: 7 }, index))).toEqual([7, 257, 507])
    expect(dueMs({ perSecond: 3 }, 3_000_000)).toBe(1e9)
  })

  it.each([0, -1, Number.NaN, 2001, Number.POSITIVE_INFINITY])('refuse a rate of %s', (perSecond) =>
    expect(() => expectRate({ perSecond })).toThrow(RangeError),
  )
})

describe('how a request failed', () => {
  const begun = { answered: true, late: false }
  const not = { answered: false, late: false }
  it.each([
    ['refused', { code: 'ECONNREFUSED', syscall: 'connect' }, not],
    ['reset', { code: 'ECONNRESET', syscall: 'read' }, not],
    ['reset', { code: 'EPIPE', syscall: 'write' }, not],
    ['closed', { code: 'ECONNRESET' }, not],
    ['cut-short', { code: 'ECONNRESET' }, begun],
    ['timed-out', { code: 'ECONNRESET' }, { answered: false, late: true }],
    ['timed-out', { code: 'ETIMEDOUT', syscall: 'connect' }, not],
    ['dns', { code: 'ENOTFOUND', syscall: 'getaddrinfo' }, not],
    ['unreachable', { code: 'EHOSTUNREACH', syscall: 'connect' }, not],
    ['exhausted', { code: 'EADDRNOTAVAIL', syscall: 'connect' }, not],
    ['tls', { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }, not],
    ['tls', { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' }, not],
    ['tls', { code: 'ERR_TLS_CERT_ALTNAME_INVALID' }, not],
    ['other', { code: 'HPE_INVALID_CONSTANT' }, not],
    ['other', {}, not],
  ] as const)('%s: %o', (failure, error, when) => expect(failureOf({ message: '', ...error }, when)).toBe(failure))
})

describe('what counts as lost', () => {
  it.each([
    [200, false],
    [404, false],
    [500, false],
    [502, true],
    [503, true],
    [504, true],
  ])('%i: %s', (status, lost) => expect(isLost(outcome({ result: { status, headers: {} } }))).toBe(lost))

  it('a failure is, and one on a kept connection is told apart', () => {
    const closed = { failure: 'closed', message: 'socket hang up' } as const
    expect(isLost(outcome({ result: closed }))).toBe(true)
    expect(isRaceForConnection(outcome({ result: closed, reused: true }))).toBe(true)
    expect(isRaceForConnection(outcome({ result: closed }))).toBe(false)
    expect(isRaceForConnection(outcome({ result: { failure: 'refused', message: '' }, reused: true }))).toBe(false)
  })
})

describe('figures', () => {
  it('percentiles are by the nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, index) => index + 1)
    expect([0, 0.5, 0.99, 1].map((share) => percentile(hundred, share))).toEqual([1, 50, 99, 100])
    expect([percentile([7], 0.99), percentile([], 0.5)]).toEqual([7, undefined])
  })

  it('latency counts from the planned instant, and only of what was served', () => {
    const bad = { status: 502, headers: {} }
    const outcomes = [
      outcome({ plannedMs: 100, sentMs: 400, endedMs: 410 }),
      outcome({ plannedMs: 200, sentMs: 200, endedMs: 5_000, result: bad }),
      outcome({ result: { failure: 'refused', message: '' } }),
      outcome({ result: bad }),
    ]
    expect(summaryOf(outcomes)).toMatchObject({
      ...{ sent: 4, lost: 3, lostTo: { 502: 2, refused: 1 } },
      latency: { p50: 310, p99: 310, worst: 310 },
    })
    expect(summaryOf([])).toMatchObject({ sent: 0, lost: 0, latency: undefined, lateness: { p99Ms: 0, spoilt: false } })
  })

  it('say that they are spoilt where the generator itself was late', () => {
    const late = (count: number) =>
      Array.from({ length: 100 }, (_, index) => outcome({ sentMs: index < count ? 6 : 1 }))
    expect(latenessOf(late(1))).toEqual({ p99Ms: 1, exhausted: 0, spoilt: false })
    expect(latenessOf(late(2))).toEqual({ p99Ms: 6, exhausted: 0, spoilt: true })
    expect(spoiltText(latenessOf(late(2)))).toContain('p99 6.0 ms')
    expect(spoiltText(latenessOf(late(1)))).toBeUndefined()
  })
})
