// What owners do to ZonedCronJobs, on a real control plane of 1.20: they edit them at the wrong moment, forget them for a year, and
// ask for what can't be.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { ZonedCronJob } from '../src/zoned-cronjob/zoned-cronjob.ts'
import { askEtcd } from './etcd.ts'
import { controlPlaneOrSkip } from './require-control-plane.ts'
import { jobTemplate, plannedOf, startZonedLab, type ZonedLab } from './zoned-lab.ts'

const day = 86_400_000
const text = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+/, '')

describe.skipIf(controlPlaneOrSkip())('ZonedCronJobs of owners who', () => {
  let zoned: ZonedLab
  beforeAll(async () => {
    zoned = await startZonedLab()
  })
  afterEach(() => zoned.end())
  afterAll(() => zoned?.stop())

  it('edit a schedule start nothing of the past: not what was due, what would have been, or was suspended for 400 days', async () => {
    const space = await zoned.space('edited')
    const first = await zoned.controller()
    await space.make({ schedule: '@every 4s' }, 'due')
    await space.make({ schedule: '0 0 29 2 *' }, 'past')
    await space.make({ schedule: '0 * * * *', suspend: true }, 'resumed')
    const isKnown = (called: string) =>
      expect.poll(async () => (await space.get(called)).status?.observed, { timeout: 30_000 }).toBeTruthy()
    for (const called of ['past', 'resumed']) await isKnown(called)
    await space.settled(Date.now(), 'due')
    await first.stop('SIGKILL')

    const before = await space.get('due')
    const mark = Date.parse(before.status?.highWaterMark ?? '')
    const asOf = Date.now()
    await madeOlder(zoned.lab.etcdUrl, await space.get('resumed'), 400 * day)
    await space.edit({ suspend: false }, 'resumed')
    const twoMinutesAgo = new Date(asOf - 120_000)
    await space.edit({ schedule: `${twoMinutesAgo.getUTCMinutes()} ${twoMinutesAgo.getUTCHours()} * * *` }, 'past')
    await expect.poll(() => Date.now(), { timeout: 20_000 }).toBeGreaterThan(mark + 9_000)
    await space.edit({ schedule: '@every 3s' }, 'due')
    const second = await zoned.controller()

    const isSeen = async () => (await space.get('due')).status?.observed?.schedule
    await expect.poll(isSeen, { timeout: 30_000 }).toBe('@every 3s')
    const { metadata, status } = await space.get('due')
    const [missed] = status?.missed?.recent.filter(({ reason }) => reason === 'ScheduleChanged') ?? []
    const created = Date.parse(String(metadata?.creationTimestamp))
    expect((Date.parse(missed?.first ?? '') - created) % 4_000).toBe(0)
    expect(missed?.count).toBeGreaterThanOrEqual(2)
    await expect.poll(async () => (await space.jobs('due')).length, { timeout: 30_000 }).toBeGreaterThan(1)
    const last = Date.parse(missed?.last ?? '')
    const planned = (await space.jobs('due')).map(plannedOf)
    expect(planned.filter((at) => at > mark && at <= last)).toEqual([])
    expect(planned.filter((at) => at > last).every((at) => (at - created) % 3_000 === 0)).toBe(true)

    const count = async () => (await space.get('resumed')).status?.missed?.count
    await expect.poll(count, { timeout: 30_000 }).toBeGreaterThanOrEqual(400 * 24)
    expect((await space.get('resumed')).status?.missed?.recent).toMatchObject([{ reason: 'Suspended' }])
    expect((await space.events('RunsMissed')).map(({ involvedObject }) => involvedObject.name)).toContain('resumed')
    const isPlanned = async () => Date.parse((await space.get('past')).status?.preview?.[0]?.utc ?? '')
    await expect.poll(isPlanned, { timeout: 30_000 }).toBeGreaterThan(asOf)
    for (const called of ['past', 'resumed'])
      expect((await space.jobs(called)).filter((job) => plannedOf(job) <= asOf)).toEqual([])
    expect(second.said('a turn failed')).toBeUndefined()
  })

  it('ask for what can not be are told so once, with the field, and harm nobody else', async () => {
    const space = await zoned.space('bad')
    const a = await zoned.controller()
    const { containers } = jobTemplate.spec.template.spec
    const always = { spec: { template: { spec: { restartPolicy: 'Always', containers } } } }
    await space.make({ schedule: '99 * * * *' }, 'minute')
    await space.make({ schedule: '0 2 * * *', timeZone: 'Mars/Base' }, 'zone')
    await space.make({ schedule: '@every 2s', jobTemplate: always }, 'template')
    await space.make({ schedule: '@fortnightly' }, 'name')
    await space.make({ schedule: '0 0 31 2 *' }, 'never')
    const typed = { spec: { ...jobTemplate.spec, parallelism: 'two' } }
    await space.make({ schedule: '@every 2s', jobTemplate: typed }, 'type')
    await space.make({ schedule: '@every 2s' }, 'good')
    const says = (called: string, type: 'Valid' | 'Blocked') =>
      expect.poll(() => space.condition(type, called), { timeout: 30_000, message: called })
    await says('minute', 'Valid').toMatchObject({
      ...{ status: 'False', reason: 'InvalidSchedule' },
      message: expect.stringMatching(/^spec\.schedule: .*99/),
    })
    await says('zone', 'Valid').toMatchObject({
      ...{ status: 'False', reason: 'UnknownTimeZone' },
      message: expect.stringMatching(/^spec\.timeZone: .*"Mars\/Base"/),
    })
    await says('template', 'Blocked').toMatchObject({
      ...{ status: 'True', reason: 'Refused' },
      message: expect.stringContaining('is invalid: spec.template.spec.restartPolicy: '),
    })
    await says('name', 'Valid').toMatchObject({
      ...{ status: 'False', reason: 'InvalidSchedule' },
      message: expect.stringMatching(/^spec\.schedule: .*@fortnightly/),
    })
    await says('never', 'Valid').toMatchObject({ status: 'True', reason: 'NoRuns' })
    await says('type', 'Blocked').toMatchObject({ status: 'True', message: expect.stringContaining('arallelism') })
    const refused = await space.condition('Blocked', 'template')
    const isRefusedAgain = async () => (await space.condition('Blocked', 'template'))?.message !== refused?.message
    await expect.poll(isRefusedAgain, { timeout: 60_000, interval: 200 }).toBe(true)
    await space.settled(Date.now(), 'good')
    const told = async () =>
      (await space.events())
        .filter(({ type }) => type === 'Warning')
        .map(({ involvedObject, reason, count }) => `${count} ${involvedObject.name} ${reason}`)
        .toSorted()
    await expect
      .poll(told, { timeout: 10_000 })
      .toEqual([
        '1 minute InvalidSchedule',
        '1 name InvalidSchedule',
        '1 template Refused',
        '1 type Refused',
        '1 zone UnknownTimeZone',
      ])
    await space.expectAllAccounted(2, 'good')
    expect(a.said('a turn failed')).toBeUndefined()

    const asOf = Date.now()
    await space.edit({ jobTemplate }, 'template')
    await space.edit({ schedule: '@every 2s' }, 'minute')
    await expect.poll(async () => (await space.jobs('template')).length, { timeout: 60_000 }).toBeGreaterThan(0)
    await says('template', 'Blocked').toMatchObject({ status: 'False' })
    await expect.poll(async () => (await space.jobs('minute')).length, { timeout: 30_000 }).toBeGreaterThan(0)
    await says('minute', 'Valid').toMatchObject({ status: 'True' })
    expect((await space.jobs('minute')).filter((job) => plannedOf(job) < asOf - 2_000)).toEqual([])
    expect((await space.get('template')).status?.missed?.recent).toMatchObject([{ reason: 'Refused' }])
  })

  it('have an admission webhook that does not answer are told so, and have all their runs when it is gone', async () => {
    const space = await zoned.space('hooked')
    const a = await zoned.controller()
    const hooks = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations'
    const rule = { apiGroups: ['batch'], apiVersions: ['v1'], resources: ['jobs'], operations: ['CREATE'] }
    const webhook = {
      ...{ name: 'jobs.example.com', rules: [rule], sideEffects: 'None', admissionReviewVersions: ['v1'] },
      ...{ failurePolicy: 'Fail', clientConfig: { url: 'https://127.0.0.1:1/' } },
      namespaceSelector: { matchLabels: { hooked: 'yes' } },
    }
    await zoned.lab.send('PATCH', '/api/v1/namespaces/hooked', { metadata: { labels: { hooked: 'yes' } } })
    await zoned.lab.send('POST', hooks, { metadata: { name: 'silent' }, webhooks: [webhook] })
    await space.make({ schedule: '@every 2s', missedRuns: { policy: 'all', limit: 100 } })
    await expect
      .poll(() => space.condition('Blocked'), { timeout: 30_000 })
      .toMatchObject({ status: 'True', reason: 'Refused', message: expect.stringContaining('jobs.example.com') })
    await expect.poll(() => space.events('Refused'), { timeout: 10_000 }).toHaveLength(1)
    await zoned.lab.send('DELETE', `${hooks}/silent`)
    await space.settled()
    await space.expectAllAccounted(2)
    expect((await space.get()).status?.missed).toBeUndefined()
    expect(a.said('a turn failed')).toBeUndefined()
  })
})

/** As if it had been there for so long: the API server itself sets when an object was created. */
async function madeOlder(etcdUrl: string, { metadata, spec }: ZonedCronJob, ms: number): Promise<void> {
  const key = Buffer.from(`/registry/roadcrew.dev/zonedcronjobs/${metadata?.namespace}/${metadata?.name}`).toString(
    'base64',
  )
  const { kvs = [] } = await askEtcd<{ kvs?: { value: string }[] }>(etcdUrl, 'range', { key })
  const stored = JSON.parse(Buffer.from(kvs[0]?.value ?? '', 'base64').toString()) as ZonedCronJob
  const old = text(Date.now() - ms)
  const older = {
    ...stored,
    metadata: { ...stored.metadata, creationTimestamp: old },
    status: { ...stored.status, highWaterMark: old },
  }
  expect(stored.spec).toEqual(spec)
  await askEtcd(etcdUrl, 'put', { key, value: Buffer.from(JSON.stringify(older)).toString('base64') })
}
