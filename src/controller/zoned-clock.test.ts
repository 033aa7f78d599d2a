import { afterEach, describe, expect, it } from 'vitest'
import { fakeCluster } from '../kubernetes/fixtures/fake-cluster.ts'
import { happened } from './fixtures/kept-zoned-cronjob.ts'
import { due, key, started } from './fixtures/zoned-runs.ts'

const hour = 3_600_000

describe('the runs of a ZonedCronJob, with a clock that differs from that of the API server', () => {
  const cluster = fakeCluster()
  afterEach(() => cluster.close())

  it.each([
    ['ahead', hour, 'about 60 min ahead of'],
    ['behind', -hour, 'about 60 min behind'],
    ['a day ahead', 24 * hour, 'about 24 h ahead of'],
    ['a little ahead', 6_000, 'up to 90 s ahead of'],
  ])(
    '%s, are not started; it is said once, when they are due there, and they start when it is right',
    async (_, ahead, text) => {
      const { turn, kept, told, clock, queue, metric, writes } = await started(cluster)
      await turn()
      const [marked] = [kept.zcj.status]
      clock.ahead = ahead
      clock.now = due - 60_000 + ahead
      await turn()
      expect([writes(), kept.zcj.status]).toEqual([['PATCH status'], marked])
      expect(queue.wakesAt).toBe(60_000)
      clock.now += 60_000
      await turn()
      expect(told).toMatchObject([
        { type: 'Warning', reason: 'ClockWrong', message: expect.stringContaining(text), at: due },
      ])
      clock.now += 30_000
      clock.ahead += 400
      await turn()
      expect(told).toHaveLength(1)
      expect(await metric('roadcrew_zonedcronjob_blocked')).toEqual([expect.stringContaining('reason="ClockWrong"} 1')])
      expect([kept.jobs.size, kept.zcj.status?.highWaterMark]).toEqual([0, marked?.highWaterMark])
      clock.ahead = 0
      clock.now = due + 60_000
      await turn()
      expect([...kept.jobs.keys()]).toEqual([`report-${due / 1000}`])
      expect(kept.zcj.status?.conditions).toContainEqual(expect.objectContaining({ type: 'Blocked', status: 'False' }))
      expect(await metric('roadcrew_zonedcronjob_blocked')).toEqual([])
    },
  )

  it('that only seems to, since the machine slept, are started', async () => {
    const { turn, kept, told, clock } = await started(cluster)
    await turn()
    clock.now = due
    clock.ahead = hour
    kept.refuse = () => {
      clock.ahead = 0
      return undefined
    }
    await turn()
    expect([kept.jobs.size, told.map(({ reason }) => reason)]).toEqual([1, ['Started']])
  })

  it('lose none to an edit: what it means is settled when the clock is right', async () => {
    const { turn, runs, kept, clock } = await started(cluster)
    await turn()
    const before = kept.zcj.status?.highWaterMark
    clock.ahead = 24 * hour
    clock.now += 24 * hour
    kept.write({ ...kept.zcj, spec: { ...kept.zcj.spec, schedule: '30 * * * *' } })
    runs.changed(happened('ZonedCronJob', kept.zcj))
    await turn()
    expect(kept.zcj.status?.highWaterMark).toBe(before)
    expect(kept.zcj.status?.conditions).toContainEqual(expect.objectContaining({ reason: 'ClockWrong' }))
    clock.ahead = 0
    clock.now = due - 1_800_000
    await runs.turn(key)
    expect(kept.zcj.status?.preview?.[0]?.utc).toBe('2027-03-01T01:30:00Z')
  })
})
