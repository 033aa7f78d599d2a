import { afterEach, describe, expect, it } from 'vitest'
import { fakeCluster } from '../kubernetes/fixtures/fake-cluster.ts'
import { jobFor } from '../zoned-cronjob/jobs.ts'
import { happened } from './fixtures/kept-zoned-cronjob.ts'
import { created, due, key, started } from './fixtures/zoned-runs.ts'

/** The next request for a Job neither arrives nor is answered. */
function loseJob(kept: Awaited<ReturnType<typeof started>>['kept']): void {
  kept.refuse = ({ method }) => {
    if (method !== 'POST') return undefined
    kept.refuse = undefined
    return { hang: true }
  }
}

describe('the runs of a ZonedCronJob', () => {
  const cluster = fakeCluster()
  afterEach(() => cluster.close())

  it('takes a read, a Job and a status for each, and comes again at the next', async () => {
    const { turn, kept, pass, queue, writes, metric } = await started(cluster)
    await turn()
    pass(due)
    await turn()
    expect(writes()).toEqual(['PATCH status', 'POST jobs', 'PATCH status'])
    expect([...kept.jobs.keys()]).toEqual([`report-${due / 1000}`])
    expect(kept.zcj.status).toMatchObject({ highWaterMark: '2027-03-01T01:00:00Z', active: 1 })
    expect(cluster.server.calls.filter(({ method }) => method === 'GET')).toHaveLength(1)
    expect(queue.wakesAt).toBe(due - created + 3_600_000)
    expect(await metric('roadcrew_zonedcronjob_lateness_seconds_count')).toEqual([expect.stringMatching(/"shop"} 1$/)])
  })

  it('are not begun by one that does not lead, or that reads that they are suspended or settled', async () => {
    const { runs, kept, clock, writes } = await started(cluster)
    await runs.turn(key)
    clock.now = due
    clock.leads = false
    await runs.turn(key)
    expect(writes()).toEqual(['PATCH status'])
    clock.leads = true
    kept.write({ ...kept.zcj, status: { ...kept.zcj.status, highWaterMark: '2027-03-01T01:00:00Z' } })
    await runs.turn(key)
    expect(kept.jobs.size).toBe(0)
    kept.write({ ...kept.zcj, spec: { ...kept.zcj.spec, suspend: true } })
    clock.now = due + 3_600_000
    await runs.turn(key)
    expect(kept.jobs.size).toBe(0)
  })

  it('stop where the lease is lost between the Job and the status, and another goes on there', async () => {
    const { runs, kept, clock } = await started(cluster)
    await runs.turn(key)
    clock.now = due
    kept.refuse = ({ method }) => {
      if (method === 'POST') clock.leads = false
      return undefined
    }
    await runs.turn(key)
    expect([kept.jobs.size, kept.zcj.status?.lastScheduleTime]).toEqual([1, undefined])
    kept.refuse = undefined
    clock.leads = true
    await runs.turn(key)
    expect([kept.jobs.size, kept.zcj.status?.lastScheduleTime]).toEqual([1, '2027-03-01T01:00:00Z'])
  })

  it('whose Job was created though the answer was lost, are the same one', async () => {
    const { runs, kept, clock } = await started(cluster, {}, 1000)
    await runs.turn(key)
    clock.now = due
    let isLost = false
    kept.refuse = (call) => {
      if (call.method !== 'POST' || isLost) return undefined
      isLost = true
      kept.refuse = undefined
      kept.answer(call)
      return { hang: true }
    }
    await expect(runs.turn(key)).rejects.toThrow('cannot reach')
    await runs.turn(key)
    expect([kept.jobs.size, kept.zcj.status?.lastScheduleTime]).toEqual([1, '2027-03-01T01:00:00Z'])
  })

  it('whose Job was created though the answer was lost, are not missed when the next is due', async () => {
    const { runs, kept, clock } = await started(cluster, { missedRuns: { policy: 'last' } }, 1000)
    await runs.turn(key)
    clock.now = due
    kept.refuse = (call) => {
      if (call.method !== 'POST') return undefined
      kept.refuse = undefined
      kept.answer(call)
      return { hang: true }
    }
    await expect(runs.turn(key)).rejects.toThrow('cannot reach')
    clock.now = due + 3_600_000
    await runs.turn(key)
    expect([kept.jobs.size, kept.zcj.status?.lastScheduleTime]).toEqual([2, '2027-03-01T02:00:00Z'])
    expect(kept.zcj.status?.missed).toBeUndefined()
  })

  it('whose Job is still on its way when the next is due, are asked for once more, and not missed', async () => {
    const { runs, kept, clock } = await started(cluster, { missedRuns: { policy: 'last' } }, 1000)
    await runs.turn(key)
    clock.now = due
    loseJob(kept)
    await expect(runs.turn(key)).rejects.toThrow('cannot reach')
    clock.now = due + 3_600_000
    await runs.turn(key)
    expect([...kept.jobs.keys()]).toEqual([`report-${due / 1000}`, `report-${due / 1000 + 3600}`])
    expect(kept.zcj.status?.missed).toBeUndefined()
  })

  it('of which no answer came are left alone once their owner has suspended them', async () => {
    const { runs, kept, clock } = await started(cluster, {}, 1000)
    await runs.turn(key)
    clock.now = due
    loseJob(kept)
    await expect(runs.turn(key)).rejects.toThrow('cannot reach')
    const { metadata, spec } = kept.zcj
    kept.write({ ...kept.zcj, metadata: { ...metadata, generation: 2 }, spec: { ...spec, suspend: true } })
    await runs.turn(key)
    expect(kept.jobs.size).toBe(0)
  })

  it('whose name somebody else took are refused, and said to be', async () => {
    const { runs, kept, told, clock } = await started(cluster)
    await runs.turn(key)
    clock.now = due
    kept.jobs.set(
      `report-${due / 1000}`,
      jobFor({ ...kept.zcj, metadata: { ...kept.zcj.metadata, uid: 'other' } }, due),
    )
    await runs.turn(key)
    expect(told).toMatchObject([{ reason: 'Refused', message: expect.stringContaining('that somebody else made') }])
    expect(kept.zcj.status?.conditions).toContainEqual(expect.objectContaining({ type: 'Blocked', status: 'True' }))
  })

  it('are tried again after a quota refused them, which is told once and counts as no run', async () => {
    const { turn, kept, told, pass, queue, metric } = await started(cluster)
    await turn()
    pass(due)
    const message = 'jobs.batch "report" is forbidden: exceeded quota: few, requested: count/jobs.batch=1'
    kept.refuse = ({ method }) =>
      method === 'POST' ? { status: 403, body: { reason: 'Forbidden', message } } : undefined
    await turn()
    pass(due + 2_000)
    await turn()
    expect(told).toMatchObject([
      { type: 'Warning', reason: 'QuotaExceeded', message: expect.stringContaining(message) },
    ])
    expect(kept.zcj.status?.lastScheduleTime).toBeUndefined()
    expect(queue.wakesAt).toBe(due - created + 6_000)
    expect(await metric('roadcrew_zonedcronjob_blocked')).toEqual([
      expect.stringContaining('reason="QuotaExceeded"} 1'),
    ])
    kept.refuse = undefined
    await turn()
    expect(kept.zcj.status?.lastScheduleTime).toBe('2027-03-01T01:00:00Z')
    expect(await metric('roadcrew_zonedcronjob_blocked')).toEqual([])
  })

  it('are refused too where an admission webhook does not answer, and not where the API server fails', async () => {
    const { runs, kept, told, clock } = await started(cluster)
    await runs.turn(key)
    clock.now = due
    let message = 'Internal error occurred: failed calling webhook "jobs.example.com": Post "https://10.96.0.9": EOF'
    kept.refuse = ({ method }) =>
      method === 'POST' ? { status: 500, body: { reason: 'InternalError', message } } : undefined
    await runs.turn(key)
    expect(told).toMatchObject([{ reason: 'Refused', message: expect.stringContaining('jobs.example.com') }])
    message = 'etcdserver: leader changed'
    await expect(runs.turn(key)).rejects.toThrow(message)
  })

  it('are said to be impossible as long as the schedule is wrong', async () => {
    const { kept, turn, runs, metric } = await started(cluster, { schedule: '61 * * * *' })
    await turn()
    expect(await metric('roadcrew_zonedcronjob_invalid')).toEqual([
      'roadcrew_zonedcronjob_invalid{namespace="shop",zonedcronjob="report",reason="InvalidSchedule"} 1',
    ])
    kept.write({ ...kept.zcj, spec: { ...kept.zcj.spec, schedule: '0 * * * *' } })
    runs.changed(happened('ZonedCronJob', kept.zcj))
    await turn()
    expect(await metric('roadcrew_zonedcronjob_invalid')).toEqual([])
  })

  it('are left alone while their namespace ends', async () => {
    const { runs, kept, told, clock } = await started(cluster)
    await runs.turn(key)
    clock.now = due
    const message = 'unable to create new content in namespace shop because it is being terminated'
    kept.refuse = ({ method }) =>
      method === 'POST' ? { status: 403, body: { reason: 'Forbidden', message } } : undefined
    await runs.turn(key)
    expect(told).toEqual([])
  })

  it('are decided anew where somebody else wrote the status, and not for ever', async () => {
    const { runs, kept, clock } = await started(cluster)
    await runs.turn(key)
    clock.now = due
    let races = 0
    kept.refuse = ({ method }) => {
      if (method === 'PATCH' && races++ < 2) kept.write(kept.zcj)
      return undefined
    }
    await runs.turn(key)
    expect([kept.jobs.size, kept.zcj.status?.lastScheduleTime]).toEqual([1, '2027-03-01T01:00:00Z'])
    clock.now = due + 3_600_000
    races = Number.NEGATIVE_INFINITY
    await expect(runs.turn(key)).rejects.toThrow('somebody else')
  })

  it('with Forbid see a Job that no informer has shown yet', async () => {
    const { runs, kept, clock } = await started(cluster, { concurrencyPolicy: 'Forbid' })
    await runs.turn(key)
    const earlier = jobFor(kept.zcj, due - 3_600_000)
    kept.jobs.set('earlier', { ...earlier, metadata: { ...earlier.metadata, name: 'earlier', uid: 'job-x' } })
    clock.now = due
    await runs.turn(key)
    expect(kept.jobs.size).toBe(1)
    expect(kept.zcj.status?.conditions).toContainEqual(expect.objectContaining({ reason: 'StillRunning' }))
  })

  it('are not begun before all is known, and its own writes are no news', async () => {
    const { runs, kept, turn, queue, writes } = await started(cluster)
    runs.resign()
    await turn()
    expect(writes()).toEqual([])
    runs.lead()
    await turn()
    expect(writes()).toEqual(['PATCH status'])
    const { wakesAt } = queue
    runs.changed(happened('ZonedCronJob', kept.zcj))
    expect(queue.wakesAt).toBe(wakesAt)
    kept.write(kept.zcj)
    runs.changed(happened('ZonedCronJob', kept.zcj))
    expect(queue.wakesAt).toBe(0)
  })

  it('are looked at again when the clock was set, and not when time passes', async () => {
    const { runs, turn, clock, queue } = await started(cluster)
    await turn()
    runs.watchClock()
    clock.now += 60_000
    clock.ticks += 60_000
    runs.watchClock()
    const waits = due - created
    expect(queue.wakesAt).toBe(waits)
    clock.now += 3_600_000
    runs.watchClock()
    expect(queue.wakesAt).toBe(60_000)
  })
})
