import { afterEach, describe, expect, it } from 'vitest'
import { fakeCluster } from './fixtures/fake-cluster.ts'
import { aheadBy, ServerClock } from './server-clock.ts'

const cluster = fakeCluster()
afterEach(() => cluster.close())
const date = 'Mon, 23 Nov 2026 08:00:00 GMT'
const at = Date.parse(date)

describe('the own clock and that of an API server', () => {
  it.each([
    [0, 10, 0],
    [999, 1001, 0],
    [-400, 20, 0],
    [6_000, 6_010, 5_000],
    [-6_000, -5_900, -5_900],
    // Whoever stood still meanwhile can tell nothing.
    [-60_000, 60_000, 0],
  ])('sent %d ms and received %d ms after its Date: ahead by %d', (sent, received, ahead) => {
    expect(aheadBy({ date, sent: at + sent, received: at + received })).toBe(ahead)
  })

  it.each([undefined, '', 'soon'])('%j tells nothing', (text) =>
    expect(aheadBy({ date: text, sent: at, received: at })).toBeUndefined(),
  )

  it('are compared by every answer, a refusal too', async () => {
    const clock = new ServerClock(
      () => Date.now() + 3_600_000,
      () => 7,
    )
    expect(clock.ahead).toBeUndefined()
    const client = await cluster.serve(() => ({ status: 403, body: {} }), { clock })
    await expect(client.ask({ method: 'GET', path: '/version' })).rejects.toThrow()
    expect(clock.ahead?.ticks).toBe(7)
    expect(clock.ahead?.value).toBeGreaterThan(3_590_000)
  })

  it('are as far apart by now as the own one was set since', () => {
    const own = { ahead: 0, ticks: 0 }
    const clock = new ServerClock(
      () => at + own.ahead + own.ticks,
      () => own.ticks,
    )
    expect(clock.aheadNow).toBeUndefined()
    clock.asks()(date)
    own.ticks = 60_000
    expect(clock.aheadNow).toBe(0)
    own.ahead = -3_600_000
    expect(clock.aheadNow).toBe(-3_600_000)
    clock.asks()('Mon, 23 Nov 2026 08:01:00 GMT')
    expect(clock.aheadNow).toBe(-3_600_000)
    own.ahead = 0
    expect(clock.aheadNow).toBe(0)
  })
})
