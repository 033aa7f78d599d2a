import type { CronJob } from 'kubernetes-types/batch/v1.js'
import { Registry } from 'prom-client'
import { afterEach, describe, expect, it } from 'vitest'
import { fakeCluster } from '../kubernetes/fixtures/fake-cluster.ts'
import { packedZones } from '../schedule/packed-zones.ts'
import type { ZonedCronJobSpec } from '../zoned-cronjob/zoned-cronjob.ts'
import { conflict, happened, KeptZonedCronJob, zonedCronJob } from './fixtures/kept-zoned-cronjob.ts'
import { WorkQueue } from './queue.ts'
import { Workers } from './workers.ts'
import { ZonedApi } from './zoned-api.ts'
import { ZonedMetrics } from './zoned-metrics.ts'
import { NativeCronJobs } from './zoned-native.ts'
import { ZonedRuns } from './zoned-runs.ts'

const created = Date.parse('2027-03-01T00:00:30Z')
const key = 'shop/report'

describe('the CronJob of a ZonedCronJob', () => {
  const cluster = fakeCluster()
  afterEach(() => cluster.close())

  async function started(spec: Partial<ZonedCronJobSpec> = {}) {
    const kept = new KeptZonedCronJob(zonedCronJob({ mode: 'native', ...spec }))
    const client = await cluster.serve((call) => kept.answer(call))
    const told: string[] = []
    const clock = { now: created, ticks: 0 }
    const queue = new WorkQueue({ parallel: 1, backOff: () => 0 })
    const workers = new Workers({ queue, ticks: () => clock.ticks, turn: async () => {}, failed: () => {} })
    const runs = new ZonedRuns(
      {
        api: new ZonedApi(client, () => {}),
        ahead: () => 0,
        native: new NativeCronJobs(
          client,
          () => {},
          () => clock.ticks,
        ),
        ...{ zones: packedZones(), random: () => 1, leads: () => true },
        ...{ now: () => clock.now, ticks: () => clock.ticks },
        tell: ({ message }) => told.push(message),
        metrics: new ZonedMetrics(new Registry(), { planned: () => 0, overdue: () => 0 }),
      },
      () => workers,
    )
    runs.changed(happened('ZonedCronJob', kept.zcj))
    runs.lead()
    /** As the workers do it. */
    const turn = async (ms = 0): Promise<void> => {
      clock.now += ms
      clock.ticks += ms
      queue.take(clock.ticks)
      await runs.turn(key)
      queue.done(key, clock.ticks, 'well')
    }
    const edit = (spec: Partial<ZonedCronJobSpec>): void => {
      kept.write({ ...kept.zcj, spec: { ...kept.zcj.spec, ...spec } })
      runs.changed(happened('ZonedCronJob', kept.zcj))
    }
    /** As the cluster's own controller or a person writes it. */
    const write = (cronJob: CronJob): void => {
      kept.writeCronJob(cronJob)
      if (kept.cronJob) runs.cronJobChanged(happened('CronJob', kept.cronJob))
    }
    const writes = () =>
      cluster.server.calls
        .filter(({ method }) => method !== 'GET')
        .map(({ method, path, query }) => `${method} ${path.split('/').slice(7).join('/')}${query.size > 0 ? '?' : ''}`)
    const delegated = () => kept.zcj.status?.conditions?.find(({ type }) => type === 'Delegated')
    return { kept, told, queue, clock, turn, edit, write, writes, delegated }
  }

  it('is tried without effect, made, and handed the runs; then its runs are told of', async () => {
    const { turn, kept, told, write, writes, delegated } = await started({ timeZone: 'Asia/Tokyo' })
    await turn()
    expect(writes()).toEqual(['PATCH report/status', 'POST ?', 'POST ', 'PATCH report', 'PATCH report/status'])
    expect(kept.cronJob?.spec).toMatchObject({ schedule: '0 * * * *', timeZone: 'Asia/Tokyo', suspend: false })
    expect(delegated()).toMatchObject({ status: 'True', reason: 'Native' })
    expect(told).toEqual(['CronJob report starts the runs after 2027-03-01T00:00:30Z'])
    write({ ...kept.cronJob, status: { lastScheduleTime: '2027-03-01T01:00:00Z', active: [{ name: 'report-1' }] } })
    await turn(3_600_000)
    expect(kept.zcj.status).toMatchObject({ lastScheduleTime: '2027-03-01T01:00:00Z', active: 1 })
    expect(kept.jobs.size).toBe(0)
  })

  it.each([
    ['drops the zone', { status: 201, body: { spec: {} } }, /^this API server does not keep the time zone of CronJobs/],
    ['has no batch/v1 for it', { status: 404, body: { message: 'not found' } }, /has no batch\/v1 for the time zone/],
    ['refuses it', { status: 403, body: { message: 'cronjobs is forbidden' } }, /cronjobs is forbidden/],
  ])('is not made where the API server %s, and it is asked again after a while', async (_, answer, because) => {
    const { turn, kept, queue, clock, writes, delegated } = await started()
    kept.refuse = ({ method, path }) => (method === 'POST' && path.endsWith('/cronjobs') ? answer : undefined)
    await turn()
    expect(delegated()).toMatchObject({ status: 'False', message: expect.stringMatching(because) })
    const before = writes().length
    await turn(599_999)
    expect(writes().length).toBe(before)
    expect(queue.wakesAt).toBe(600_000)
    kept.refuse = undefined
    await turn(1)
    expect(delegated()).toMatchObject({ status: 'True' })
    expect(clock.ticks).toBe(600_000)
  })

  it('of that name that somebody else made is left alone, and the runs are started here', async () => {
    const { turn, kept, delegated } = await started()
    kept.writeCronJob({ metadata: { name: 'report', uid: 'other' }, spec: { schedule: '1 1 1 1 1' } as never })
    await turn()
    expect(delegated()).toMatchObject({ status: 'False', reason: 'NameTaken' })
    await turn(3_600_000 - 30_000)
    expect([...kept.jobs.keys()]).toEqual([`report-${Date.parse('2027-03-01T01:00:00Z') / 1000}`])
    expect(kept.cronJob?.spec?.schedule).toBe('1 1 1 1 1')
  })

  it('is edited as a whole, and read again where somebody wrote meanwhile', async () => {
    const template = { metadata: { labels: { app: 'a', old: 'b' } } }
    const { turn, edit, kept } = await started({ jobTemplate: { spec: { template } }, startingDeadlineSeconds: 300 })
    await turn()
    let conflicts = 0
    kept.refuse = ({ method, path }) =>
      method === 'PATCH' && path.endsWith('/cronjobs/report') && conflicts++ < 2 ? conflict : undefined
    const { startingDeadlineSeconds: _, ...spec } = kept.zcj.spec
    kept.write({ ...kept.zcj, spec })
    edit({ jobTemplate: { spec: { template: { metadata: { labels: { app: 'c' } } } } } })
    await turn(1_000)
    expect(conflicts).toBe(3)
    expect(kept.cronJob?.spec?.jobTemplate).toEqual({ spec: { template: { metadata: { labels: { app: 'c' } } } } })
    expect(kept.cronJob?.spec).not.toHaveProperty('startingDeadlineSeconds')
  })

  it('is suspended when its runs are taken back, and kept', async () => {
    const { turn, edit, kept, delegated, told } = await started()
    await turn()
    edit({ mode: 'zoned' })
    await turn(1_000)
    expect(kept.cronJob?.spec?.suspend).toBe(true)
    expect(delegated()).toMatchObject({ status: 'False', reason: 'TakingBack' })
    await turn(20_000)
    expect(delegated()).toBeUndefined()
    expect(told.at(-1)).toBe('Roadcrew starts the runs after 2027-03-01T00:00:31Z itself')
    await turn(3_600_000)
    expect(kept.jobs.size).toBe(1)
  })
})
