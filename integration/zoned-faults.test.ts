// What goes wrong around ZonedCronJobs, on a real control plane of 1.20: whatever it is, each run that was due is started once, or
// counted as missed.
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { create } from './create.ts'
import { compact } from './etcd.ts'
import type { Write } from './gate.ts'
import type { Replica } from './replica.ts'
import { controlPlaneOrSkip } from './require-control-plane.ts'
import { crd, crds, plannedOf, type Space, startZonedLab, until, type ZonedLab } from './zoned-lab.ts'

const makesJobIn =
  (space: string) =>
  ({ method, path }: Write): boolean =>
    method === 'POST' && path === `/apis/batch/v1/namespaces/${space}/jobs`
const writesStatusIn =
  (space: string) =>
  ({ method, path, body }: Write): boolean =>
    method === 'PATCH' && path.includes(`/namespaces/${space}/`) && body.includes('lastScheduleTime')

describe.skipIf(controlPlaneOrSkip())('ZonedCronJobs, while things go wrong', () => {
  let zoned: ZonedLab
  beforeAll(async () => {
    zoned = await startZonedLab({ defined: false })
  })
  afterEach(() => zoned.end())
  afterAll(() => zoned?.stop())

  const isGone = (path: string) => () =>
    zoned.lab.send('GET', path).then(
      () => Promise.reject(new Error('it is there')),
      () => true,
    )
  const hasJobs = (space: Space, atLeast = 1, called = 'report') =>
    expect
      .poll(async () => (await space.jobs(called)).length, { timeout: 90_000, interval: 200, message: space.name })
      .toBeGreaterThanOrEqual(atLeast)
  const failedTurns = (one: Replica) => one.lines.filter(({ msg }) => msg === 'a turn failed')

  it('run as soon as their CRD is there, and again after it was deleted, without a restart', async () => {
    const a = await zoned.controller()
    await expect.poll(async () => (await a.get('/readyz')).status, { timeout: 30_000 }).toBe(200)
    await zoned.define()
    const space = await zoned.space('defined')
    await space.make({ schedule: '@every 2s' })
    await hasJobs(space)
    const [first] = await space.jobs()
    await zoned.lab.send('DELETE', `${crds}/${crd.metadata.name}`)
    await until(isGone(`${crds}/${crd.metadata.name}`), 'the CRD is still there')
    await zoned.define()
    await space.make({ schedule: '@every 2s' }, 'again')
    await hasJobs(space, 1, 'again')
    expect((await space.jobs('again')).map(plannedOf).every((at) => at > plannedOf(first ?? {}))).toBe(true)
    await space.expectAllAccounted(2, 'again')
    expect(failedTurns(a)).toEqual([])
    await space.edit({ suspend: true }, 'again')
  })

  it('have one Job each though the leader stood still past its lease while it made one, and no mark goes back', async () => {
    const space = await zoned.space('stopped')
    const [gate, through] = await zoned.gate()
    const posts = gate.hold(makesJobIn('stopped'))
    const a = await zoned.controller({ kubeconfig: through, elects: true })
    await a.says('leads')
    const b = await zoned.controller({ name: 'b', elects: true })
    await space.make({ schedule: '@every 10s', missedRuns: { policy: 'all' } })
    const marks: string[] = []
    const watching = setInterval(async () => {
      const { status } = await space.get()
      marks.push(status?.highWaterMark ?? '')
    }, 200)
    const held = await posts
    a.signal('SIGSTOP')
    await b.says('leads')
    const name = (JSON.parse(held.body) as { metadata: { name: string } }).metadata.name
    await expect.poll(() => space.names(), { timeout: 30_000 }).toContain(name)
    const before = gate.writes.length
    expect(await held.release()).toBe(409)
    a.signal('SIGCONT')
    await a.says('does not lead')
    await space.settled()
    clearInterval(watching)
    await space.edit({ suspend: true })
    await expect.poll(async () => (await space.get()).status?.observed?.suspend, { timeout: 20_000 }).toBe(true)
    await space.expectAllAccounted(10)
    const later = gate.writes.slice(before + 1)
    expect(later.filter(({ path }) => !path.includes('/events'))).toEqual([])
    expect(marks.toSorted()).toEqual(marks)
  })

  it('are none of them lost, and none is started twice, by a restart of etcd and API server in the middle of one', async () => {
    const [jobs, marks] = [await zoned.space('restart-job'), await zoned.space('restart-mark')]
    const [gate, through] = await zoned.gate()
    const held = [gate.hold(makesJobIn('restart-job')), gate.hold(writesStatusIn('restart-mark'))] as const
    const a = await zoned.controller({ kubeconfig: through })
    for (const space of [jobs, marks]) await space.make({ schedule: '@every 5s' })
    const [making, marking] = await Promise.all(held)
    await zoned.lab.restartEtcd()
    await zoned.lab.restartApiServer()
    for (const one of [making, marking]) await one.release().catch(() => 0)
    for (const space of [jobs, marks]) {
      await space.settled()
      await hasJobs(space, 2)
      await space.edit({ suspend: true })
      const isSuspended = async () => (await space.get()).status?.observed?.suspend
      await expect.poll(isSuspended, { timeout: 30_000 }).toBe(true)
      await space.expectAllAccounted(5)
    }
    expect((await a.get('/healthz')).status).toBe(200)
  })

  it('are listed anew where the watch can not go on, since etcd was compacted meanwhile (410)', async () => {
    const spaces = await Promise.all(['kept', 'changed', 'deleted'].map((name) => zoned.space(`compacted-${name}`)))
    const [kept, changed, deleted] = spaces as [Space, Space, Space]
    const proxy = await zoned.throughProxy()
    const a = await zoned.controller({ kubeconfig: proxy.path })
    for (const space of spaces) await space.make({ schedule: '@every 3s' })
    for (const space of spaces) await hasJobs(space)
    const isWatch = (path: string) => path.includes('/zonedcronjobs?') && path.includes('watch=true')
    proxy.before = (_, path) => (isWatch(path) ? 'drop' : 'pass')
    proxy.cut()
    await changed.edit({ schedule: '@every 1h' })
    await zoned.lab.send('DELETE', `${deleted.path}/report`)
    const added = await zoned.space('compacted-added')
    await added.make({ schedule: '@every 3s' })
    await compact(zoned.lab.etcdUrl)
    // Its cache of past changes starts anew too, or it would answer from there.
    await zoned.lab.restartApiServer()
    proxy.before = () => 'pass'
    proxy.cut()
    const anew = () =>
      a.lines.filter(({ msg, kind, anew }) => msg === 'a watch ended' && kind === 'ZonedCronJob' && anew)
    await expect
      .poll(anew, { timeout: 60_000 })
      .toMatchObject([{ because: expect.stringMatching(/too old|compacted/) }])
    await hasJobs(added)
    const last = (await deleted.jobs()).length
    await kept.settled()
    const settled = async () => (await changed.get()).status?.observed?.schedule
    await expect.poll(settled, { timeout: 30_000 }).toBe('@every 1h')
    await kept.expectAllAccounted(3)
    await added.expectAllAccounted(3)
    const { status } = await changed.get()
    expect((await changed.jobs()).every((job) => plannedOf(job) <= Date.parse(status?.highWaterMark ?? ''))).toBe(true)
    expect((await deleted.jobs()).length).toBeLessThanOrEqual(last)
  })

  it('end with a namespace that is deleted while a run is due; others go on, and are told of', async () => {
    const [doomed, stays] = [await zoned.space('doomed'), await zoned.space('stays')]
    const [gate, through] = await zoned.gate()
    const posts = gate.hold(makesJobIn('doomed'))
    const a = await zoned.controller({ kubeconfig: through })
    // It keeps the namespace from going for as long as this test wishes.
    const metadata = { name: 'keeps', namespace: 'doomed', finalizers: ['example.com/keeps'] }
    await create(zoned.lab, { kind: 'ConfigMap', metadata } as never)
    await doomed.make({ schedule: '@every 2s' })
    const held = await posts
    await zoned.lab.send('DELETE', '/api/v1/namespaces/doomed')
    expect([403, 404]).toContain(await held.release())
    await stays.make({ schedule: '@every 2s' })
    await hasJobs(stays, 2)
    const told = async () => (await stays.events('Started')).length
    await expect.poll(told, { timeout: 30_000 }).toBeGreaterThan(0)
    await expect.poll(() => zoned.lab.list(doomed.path), { timeout: 60_000 }).toEqual([])
    const failed = failedTurns(a).length
    const before = (await stays.jobs()).length
    await hasJobs(stays, before + 2)
    expect(failedTurns(a)).toHaveLength(failed)
    expect(failed).toBeLessThan(3)
    expect(await doomed.names()).toEqual([])
    await stays.expectAllAccounted(2)
    expect((await a.get('/healthz')).status).toBe(200)
    await zoned.lab.send('PATCH', '/api/v1/namespaces/doomed/configmaps/keeps', { metadata: { finalizers: null } })
    await until(isGone('/api/v1/namespaces/doomed'), 'the namespace is still there')
  })
})
