import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mostLostAtEachEnd, OutcomeLog } from './outcome-log.ts'
import { isLost, type Outcome } from './outcomes.ts'
import { latenciesOf, latenessOf, latenessOfLogs, percentile, summaryOf, summaryOfLog } from './summary.ts'

const outcome = (over: Partial<Outcome> = {}): Outcome => ({
  ...{ method: 'GET', plannedMs: 0, sentMs: 0, endedMs: 10, reused: false, result: { status: 200, headers: {} } },
  ...over,
})
const from = (remote: string, connectedMs: number): Pick<Outcome, 'connection'> => ({
  connection: { remote, connectedMs, localPort: 1 },
})

const outcomes = fc.array(
  fc
    .record({
      plannedMs: fc.nat(600_000),
      late: fc.nat(100),
      took: fc.nat(10_000),
      reused: fc.boolean(),
      status: fc.constantFrom(200, 204, 404, 500, 502, 503),
      failure: fc.option(fc.constantFrom('refused' as const, 'closed' as const), { freq: 3, nil: undefined }),
    })
    .map(({ plannedMs, late, took, reused, status, failure }): Outcome => {
      const times = { plannedMs, sentMs: plannedMs + late, endedMs: plannedMs + late + took }
      const result = failure ? { failure, message: '' } : { status, headers: {} }
      return outcome({ ...times, reused, result })
    }),
  { maxLength: 200 },
)

const logOf = (all: readonly Outcome[]): OutcomeLog => {
  const log = new OutcomeLog()
  for (const one of all) log.add(one)
  return log
}

describe('a log of outcomes', () => {
  it('knows of those that were served what it was told', () =>
    fc.assert(
      fc.property(outcomes, (all) => {
        const served = all.filter((one) => !isLost(one))
        expect([...logOf(all).served()]).toEqual(
          served.map(({ plannedMs, sentMs, endedMs, reused, result }) => ({
            ...{ plannedMs, sentMs, endedMs, reused, server: undefined },
            status: 'status' in result ? result.status : 0,
          })),
        )
        expect(logOf(all).lost()).toEqual(all.filter(isLost))
      }),
    ))

  it('comes to the same percentiles as all values in one list', () =>
    fc.assert(
      fc.property(outcomes, fc.nat(600_000), (all, fromMs) => {
        const log = logOf(all)
        const values = all
          .filter((one) => !isLost(one) && one.plannedMs >= fromMs)
          .map((one) => one.endedMs - one.plannedMs)
        const sorted = values.toSorted((a, b) => a - b)
        const latency = latenciesOf(log.latencies({ fromMs, untilMs: Number.POSITIVE_INFINITY }))
        expect(latency?.p90).toBe(percentile(sorted, 0.9))
        expect(latency?.p999).toBe(percentile(sorted, 0.999))
        expect(latency?.worst).toBe(sorted.at(-1))
        expect(summaryOfLog(log)).toEqual(summaryOf(all))
        expect(latenessOfLogs([log, log]).p99Ms).toBe(latenessOf([...all, ...all]).p99Ms)
      }),
    ))

  it('counts by who served', () => {
    const log = logOf([
      outcome({ ...from('10.0.0.1:80', 1), endedMs: 5 }),
      outcome({ ...from('10.0.0.1:80', 20), endedMs: 25 }),
      outcome({ ...from('10.0.0.1:80', 1), endedMs: 30, reused: true }),
      outcome({ ...from('10.0.0.2:80', 40), endedMs: 45 }),
      outcome({ ...from('10.0.0.3:80', 50), result: { failure: 'closed', message: '' } }),
    ])
    expect(Object.fromEntries(log.servers())).toMatchObject({
      '10.0.0.1:80': { served: 3, firstMs: 5, lastMs: 30, lastConnectedMs: 20 },
      '10.0.0.2:80': { served: 1, firstMs: 45, lastMs: 45, lastConnectedMs: 40 },
    })
    expect(log.servers().size).toBe(2)
    expect([...log.served()].map(({ server }) => server?.slice(0, 8))).toEqual([
      ...['10.0.0.1', '10.0.0.1', '10.0.0.1', '10.0.0.2'],
    ])
  })

  it('holds both ends of an outage that is too long for all of it', () => {
    const log = new OutcomeLog()
    const count = 4 * mostLostAtEachEnd
    for (let at = 0; at < count; at++) log.add(outcome({ plannedMs: at, result: { failure: 'refused', message: '' } }))
    expect(log.counts()).toEqual({ sent: count, lost: count, lostTo: { refused: count } })
    const lost = log.lost()
    expect([lost.length, lost[0]?.plannedMs, lost.at(-1)?.plannedMs]).toEqual([2 * mostLostAtEachEnd, 0, count - 1])
  })

  it('holds ten minutes of 2000 requests per second in 40 MB', () => {
    const log = new OutcomeLog()
    const before = process.memoryUsage()
    for (let at = 0; at < 1_200_000; at++) log.add(outcome({ plannedMs: at / 2, ...from(`10.0.0.${at % 9}:80`, at) }))
    const after = process.memoryUsage()
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(40e6)
    expect(summaryOfLog(log)).toMatchObject({ sent: 1_200_000, lost: 0 })
  })
})
