// ZonedCronJobs on a real kube-apiserver 1.20: their CRD, and a controller that is killed where it hurts most.
import { Agent, request } from 'undici'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { create } from './create.ts'
import { controlPlaneOrSkip } from './require-control-plane.ts'
import { conditionOf, crd, crds, startZonedLab, type ZonedLab } from './zoned-lab.ts'

describe.skipIf(controlPlaneOrSkip())('ZonedCronJobs', () => {
  let zoned: ZonedLab
  beforeAll(async () => {
    zoned = await startZonedLab()
  })
  afterEach(() => zoned.end())
  afterAll(() => zoned?.stop())

  it('have a CRD that is structural, is explained, and shows its columns', async () => {
    const found = (await zoned.lab.send('GET', `${crds}/${crd.metadata.name}`)) as {
      status: { conditions: readonly { type: string; status: string; message: string }[] }
    }
    const conditions = Object.fromEntries(found.status.conditions.map(({ type, status }) => [type, status]))
    expect(conditions).toEqual({ NamesAccepted: 'True', Established: 'True' })

    const explained = async () => {
      const { definitions } = (await zoned.lab.send('GET', '/openapi/v2')) as { definitions: Record<string, never> }
      return definitions['dev.roadcrew.v1.ZonedCronJob'] as unknown as typeof crd | undefined
    }
    await expect.poll(explained, { timeout: 60_000, interval: 1000 }).toBeTruthy()
    const { properties } = (await explained())?.properties.spec ?? {}
    expect(properties.daylightSaving.description).toMatch(
      /^What becomes of runs at times that the clocks skip or repeat/,
    )
    expect(Object.keys(properties.daylightSaving.properties)).toEqual(['repeated', 'skipped'])

    const space = await zoned.space('shown')
    await space.make({ schedule: '30 2 * * *', timeZone: 'Europe/Berlin', suspend: true })
    const { target } = zoned
    const { headers, tls } = await target.credentials()
    const dispatcher = new Agent({ connect: tls })
    const answer = await request(`${target.server}/apis/roadcrew.dev/v1/namespaces/shown/zonedcronjobs`, {
      dispatcher,
      headers: { ...headers, accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' },
    })
    const table = (await answer.body.json()) as { columnDefinitions: { name: string }[]; rows: { cells: unknown[] }[] }
    await dispatcher.close()
    expect(table.columnDefinitions.map(({ name }) => name)).toEqual([
      'Name',
      'Schedule',
      'Zone',
      'Suspend',
      'Active',
      'Last',
      'Next',
      'Next in UTC',
      'Missed',
      'Valid',
      'Age',
    ])
    expect(table.rows[0]?.cells.slice(0, 4)).toEqual(['report', '30 2 * * *', 'Europe/Berlin', true])
  })

  it('are refused at admission for what a pattern or a bound can tell, and filled with defaults', async () => {
    const space = await zoned.space('refused')
    const schedule = '0 2 * * *'
    for (const [spec, field] of [
      [{ schedule: 'TZ=Europe/Berlin 0 2 * * *' }, 'spec.schedule'],
      [{ schedule: '0 2 * *' }, 'spec.schedule'],
      [{ schedule, timeZone: '../etc' }, 'spec.timeZone'],
      [{ schedule, failedJobsHistoryLimit: -1 }, 'spec.failedJobsHistoryLimit'],
      [{ schedule, daylightSaving: { skipped: 'later' } }, 'spec.daylightSaving.skipped'],
      [{ schedule, jobTemplate: {} }, 'spec.jobTemplate.spec'],
    ] as const) {
      await expect(space.make(spec), field).rejects.toThrow(field)
    }
    await expect(space.make({ schedule }, 'x'.repeat(53))).rejects.toThrow('metadata.name')
    const { spec } = await space.make({ schedule }, 'x'.repeat(52))
    expect(spec).toMatchObject({
      timeZone: 'UTC',
      daylightSaving: { skipped: 'runAfter', repeated: 'once' },
      missedRuns: { policy: 'last', limit: 10 },
      concurrencyPolicy: 'Allow',
    })
  })

  it('run at their times, one Job each, show the next ones, and are cleaned', async () => {
    const space = await zoned.space('runs')
    await zoned.controller()
    await space.make({ schedule: '@every 5s', timeZone: 'Asia/Tokyo', successfulJobsHistoryLimit: 1 })
    await expect.poll(async () => (await space.jobs()).length, { timeout: 30_000, interval: 100 }).toBeGreaterThan(1)
    for (const { metadata } of await space.jobs()) {
      const late = Date.parse(String(metadata?.creationTimestamp)) - Number(metadata?.name?.split('-').at(-1)) * 1000
      expect(late).toBeGreaterThanOrEqual(0)
      expect(metadata?.annotations?.['roadcrew.dev/scheduled-for']).toBeTruthy()
    }
    for (const job of await space.jobs()) await space.finish(job)
    const isCleaned = async () => (await space.jobs()).filter(({ status }) => status?.conditions).length
    await expect.poll(isCleaned, { timeout: 15_000 }).toBe(1)
    const { status, metadata } = await space.get()
    expect(status?.preview).toHaveLength(5)
    expect(status?.preview?.[0]?.local).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)? \+09:00$/)
    expect(status?.observedGeneration).toBe(metadata?.generation)
    expect(Date.parse(status?.highWaterMark ?? '')).toBe(Date.parse(status?.lastScheduleTime ?? ''))
    const told = async () => (await space.events()).map(({ reason }) => reason)
    await expect.poll(told, { timeout: 10_000 }).toContain('Started')
  })

  it('with mode native are run all the same on 1.20, whose CronJobs have no time zone, which is told', async () => {
    const space = await zoned.space('native')
    const one = await zoned.controller()
    await space.make({ schedule: '* * * * *', mode: 'native' })
    await expect
      .poll(async () => conditionOf(await space.get(), 'Delegated'), { timeout: 20_000, interval: 200 })
      .toMatchObject({ status: 'False', reason: 'NoTimeZone' })
    await expect.poll(() => space.names(), { timeout: 80_000, interval: 500 }).toHaveLength(1)
    expect(await zoned.lab.list('/apis/batch/v1beta1/namespaces/native/cronjobs')).toEqual([])
    const told = async () => (await space.events('Mode')).map(({ message }) => message)
    await expect.poll(told, { timeout: 10_000 }).toEqual([expect.stringContaining('Roadcrew starts the runs itself')])
    expect(one.said('a turn failed')).toBeUndefined()
  })

  it('have no run twice after a kill between creating the Job and writing the status', async () => {
    const space = await zoned.space('killed')
    const proxy = await zoned.throughProxy()
    let isHeld = false
    // The first writing of a status takes note of the object; the next one is that of the run.
    proxy.before = async (method, path): Promise<'pass' | 'drop'> => {
      const isStatus = method === 'PATCH' && path.endsWith('/zonedcronjobs/report/status')
      if (!isStatus || (await space.names()).length === 0) return 'pass'
      isHeld = true
      return 'drop'
    }
    const first = await zoned.controller({ kubeconfig: proxy.path })
    await space.make({ schedule: '@every 10s' })
    await expect.poll(() => isHeld, { timeout: 30_000, interval: 20 }).toBe(true)
    await first.stop('SIGKILL')
    const [made = ''] = await space.names()
    const before = await space.get()
    expect(before.status?.lastScheduleTime).toBeUndefined()
    await zoned.controller()
    const lastOf = async () => Date.parse((await space.get()).status?.lastScheduleTime ?? '') / 1000
    await expect.poll(lastOf, { timeout: 20_000, interval: 100 }).toBeGreaterThanOrEqual(Number(made.split('-').at(-1)))
    await space.edit({ suspend: true })
    await expect.poll(async () => (await space.get()).status?.observed?.suspend, { timeout: 20_000 }).toBe(true)
    const { status } = await space.get()
    const runs = (Date.parse(status?.lastScheduleTime ?? '') / 1000 - Number(made.split('-').at(-1))) / 10 + 1
    const missed = (status?.missed?.recent ?? []).filter(({ reason }) => reason !== 'Suspended')
    const all = await space.names()
    expect(all[0]).toBe(made)
    expect(all.length + missed.reduce((sum, { count }) => sum + count, 0)).toBe(runs)
  })

  it('are read again where somebody else wrote the status in between', async () => {
    const space = await zoned.space('conflicts')
    const proxy = await zoned.throughProxy()
    let conflicts = 0
    proxy.before = async (method, path): Promise<'pass' | 'drop'> => {
      if (method === 'PATCH' && path.endsWith('/zonedcronjobs/report/status') && conflicts < 3) {
        conflicts++
        await space.patchStatus({ active: 40 + conflicts })
      }
      return 'pass'
    }
    const one = await zoned.controller({ kubeconfig: proxy.path })
    await space.make({ schedule: '@every 10s' })
    await expect.poll(async () => (await space.get()).status?.lastScheduleTime, { timeout: 30_000 }).toBeTruthy()
    expect(conflicts).toBe(3)
    const { status } = await space.get()
    expect(await space.names()).toContain(`report-${Date.parse(status?.lastScheduleTime ?? '') / 1000}`)
    expect(status?.active).toBeLessThan(40)
    expect(one.said('a turn failed')).toBeUndefined()
  })

  it('wait for a quota, say so, and find room when their own finished Jobs fill it', async () => {
    const space = await zoned.space('quota')
    await create(zoned.lab, {
      ...{ kind: 'ResourceQuota', metadata: { name: 'few', namespace: 'quota' } },
      spec: { hard: { 'count/jobs.batch': '1' } },
    } as never)
    const quotaStatus = () =>
      zoned.lab.send('GET', '/api/v1/namespaces/quota/resourcequotas/few') as Promise<{ status: { hard?: object } }>
    await expect.poll(async () => (await quotaStatus()).status.hard, { timeout: 30_000 }).toBeTruthy()
    await zoned.controller()
    await space.make({ schedule: '@every 15s', successfulJobsHistoryLimit: 3 })
    await expect.poll(async () => (await space.jobs()).length, { timeout: 30_000, interval: 200 }).toBe(1)
    const isBlocked = async () => conditionOf(await space.get(), 'Blocked')
    await expect.poll(isBlocked, { timeout: 30_000, interval: 200 }).toMatchObject({
      status: 'True',
      reason: 'QuotaExceeded',
      message: expect.stringContaining('exceeded quota: few'),
    })
    const [first] = await space.jobs()
    const last = Number(first?.metadata?.name?.split('-').at(-1)) * 1000
    expect(Date.parse((await space.get()).status?.lastScheduleTime ?? '')).toBe(last)
    if (first) await space.finish(first)
    const ran = async () => Date.parse((await space.get()).status?.lastScheduleTime ?? '') > last
    await expect.poll(ran, { timeout: 90_000, interval: 500 }).toBe(true)
    expect((await space.jobs()).map(({ metadata }) => metadata?.uid)).not.toContain(first?.metadata?.uid)
    const told = async () => (await space.events()).map(({ reason }) => reason)
    await expect.poll(told, { timeout: 10_000 }).toContain('QuotaExceeded')
    const missed = (await space.get()).status?.missed?.recent ?? []
    expect(missed.filter(({ reason }) => reason !== 'QuotaExceeded')).toEqual([])
  })
})
