// What goes wrong while the controller makes up for missed runs, on a real control plane of 1.20: whatever it is, a run is
// started once, or it is said why it is not.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CronJob, Job } from 'kubernetes-types/batch/v1.js'
import type { Event } from 'kubernetes-types/core/v1.js'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Lab, startLab } from '../src/lab/lab.ts'
import { create } from './create.ts'
import { Gate, type Write } from './gate.ts'
import { Replica } from './replica.ts'
import { controlPlaneOrSkip } from './require-control-plane.ts'

const own = 'roadcrew'
const wish = 'roadcrew.dev/catch-up'
const seenKey = 'roadcrew.dev/schedule-seen'
const noteKey = 'roadcrew.dev/catching-up'
const everyMinute = '* * * * *'
const template = {
  spec: { restartPolicy: 'Never', containers: [{ name: 'task', image: 'registry.example.com/task:1' }] },
}
const ago = (hours: number): string => new Date(Date.now() - hours * 3_600_000).toISOString().replace(/\.\d+/, '')
const seen = (schedule: string, suspend: 'runs' | 'suspended' = 'runs'): string =>
  `${ago(20)} ${JSON.stringify([schedule, '', suspend])}`

describe.skipIf(controlPlaneOrSkip())('while missed runs are made up for', () => {
  const folder = mkdtempSync(join(tmpdir(), 'roadcrew-gates-'))
  const replicas: Replica[] = []
  const gates: Gate[] = []
  let lab: Lab

  const paths = (space: string) => ({
    cronJob: `/apis/batch/v1beta1/namespaces/${space}/cronjobs/report`,
    jobs: `/apis/batch/v1/namespaces/${space}/jobs`,
    events: `/api/v1/namespaces/${space}/events`,
  })
  const started = (name: string, kubeconfig = lab.kubeconfig, env = {}, ...more: readonly string[]): Replica => {
    const replica = new Replica(name, { kubeconfig, namespace: own, env }, ...more)
    replicas.push(replica)
    return replica
  }
  const alone = '--no-leader-election'
  const gate = async (): Promise<readonly [Gate, string]> => {
    const one = new Gate(lab.kubeconfig, folder)
    gates.push(one)
    return [one, await one.open()]
  }

  /** A CronJob in a namespace of its own that a native 1.20 has given up on, for so many hours. */
  async function frozen(
    space: string,
    more: object = {},
    { hours = 3, isSeen = true, was = 'runs' as 'runs' | 'suspended' } = {},
  ): Promise<void> {
    await create(lab, { kind: 'Namespace', metadata: { name: space } })
    const annotations = { [wish]: '2h', ...(isSeen && { [seenKey]: seen(everyMinute, was) }) }
    const spec = { schedule: everyMinute, suspend: true, jobTemplate: { spec: { template } }, ...more }
    await create(lab, { kind: 'CronJob', metadata: { name: 'report', namespace: space, annotations }, spec } as never)
    await lab.send('PATCH', `${paths(space).cronJob}/status`, { status: { lastScheduleTime: ago(hours) } })
    await lab.send('PATCH', paths(space).cronJob, { spec: { suspend: false } })
  }
  const isGivenUp = async (space: string): Promise<boolean> =>
    (await lab.list<Event>(paths(space).events)).some(({ reason }) => reason === 'FailedNeedsStart')
  const givenUp = async (...spaces: readonly string[]): Promise<void> => {
    const until = Date.now() + 30_000
    while (!(await Promise.all(spaces.map(isGivenUp))).every(Boolean)) {
      if (Date.now() > until) throw new Error('the native controller has not given up')
      await sleep(200)
    }
  }
  const cronJob = async (space: string) => (await lab.send('GET', paths(space).cronJob)) as CronJob
  const jobs = (space: string) => lab.list<Job>(paths(space).jobs)
  const late = async (space: string) =>
    (await jobs(space)).map(({ metadata }) => metadata?.name ?? '').filter((name) => name.includes('-late-'))
  const events = async (space: string, of: string) =>
    (await lab.list<Event>(paths(space).events)).filter(({ reason }) => reason === of).map(({ message }) => message)
  const plannedOf = async (space: string) => {
    const [job] = (await jobs(space)).filter(({ metadata }) => metadata?.name?.includes('-late-'))
    return job?.metadata?.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp']
  }

  /** One Job was made, the status says so, and nothing is left of the note. */
  async function caughtUpOnce(space: string, timeout = 40_000): Promise<void> {
    const isSettled = async () => {
      const { metadata, status } = await cronJob(space)
      const last = Date.parse(String(status?.lastScheduleTime ?? 0))
      return (
        last >= Date.parse((await plannedOf(space)) ?? '9999-01-01') && metadata?.annotations?.[noteKey] === undefined
      )
    }
    await expect.poll(isSettled, { timeout, interval: 200, message: space }).toBe(true)
    expect(await late(space)).toHaveLength(1)
    // No two Jobs are for the same time.
    const planned = (await jobs(space)).map(({ metadata }) => {
      const at = metadata?.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp']
      return at === undefined ? Number(metadata?.name?.split('-').at(-1)) * 1000 : Date.parse(at)
    })
    expect(new Set(planned).size).toBe(planned.length)
  }

  /** The namespace of a write, if it is the one of a step that is named. */
  const spaceOf = ({ path }: Write): string => /namespaces\/([^/]+)/.exec(path)?.[1] ?? ''
  const makesJob = ({ method, path }: Write): boolean => method === 'POST' && /\/jobs(\?|$)/.test(path)
  const saysStatus = ({ path, body }: Write): boolean => path.includes('/status') && body.includes('lastScheduleTime')

  beforeAll(async () => {
    lab = await startLab(new AbortController().signal)
    await create(lab, { kind: 'Namespace', metadata: { name: own } })
    const policy = 'hazards: {frozen-cronjob: {mode: act}}\nstatusPerMinute: 600\nrunsPerMinute: 600\n'
    const data = { 'policy.yaml': policy }
    await create(lab, { kind: 'ConfigMap', metadata: { name: 'roadcrew-policy', namespace: own }, data } as never)
  })

  afterEach(async () => {
    await Promise.all(replicas.splice(0).map((replica) => replica.stop('SIGKILL')))
    for (const one of gates.splice(0)) one.close()
  })

  afterAll(async () => {
    await lab?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it('is cut off after the note, after the Job, and while others write: each is started once', async () => {
    const spaces = ['cut-a', 'cut-b', 'cut-c']
    for (const space of spaces) await frozen(space)
    await givenUp(...spaces)

    const [first, through] = await gate()
    const ends = first.hold(makesJob)
    const a = started('a', through, {}, alone)
    const noted = spaceOf(await ends)
    await a.stop('SIGKILL')
    const note = (await cronJob(noted)).metadata?.annotations?.[noteKey]
    expect(note).toMatch(/:00Z$/)
    expect(await late(noted)).toEqual([])

    const [second, again] = await gate()
    const says = second.hold(saysStatus)
    const b = started('b', again, {}, alone)
    const made = spaceOf(await says)
    await b.stop('SIGKILL')
    expect(await late(made)).toHaveLength(1)
    expect((await cronJob(made)).metadata?.annotations?.[noteKey]).toBeDefined()
    expect(Date.parse(String((await cronJob(made)).status?.lastScheduleTime))).toBeLessThan(Date.now() - 10_000_000)

    const [third, onceMore] = await gate()
    const raced = third.hold(saysStatus)
    started('c', onceMore, {}, alone)
    const held = await raced
    await lab.send('PATCH', paths(spaceOf(held)).cronJob, { metadata: { labels: { touched: 'meanwhile' } } })
    expect(await held.release()).toBe(409)
    await Promise.all(spaces.map((space) => caughtUpOnce(space)))
    expect(await plannedOf(noted)).toBe(note)
    expect((await cronJob(spaceOf(held))).metadata?.labels).toEqual({ touched: 'meanwhile' })
  })

  it('says why it starts nothing, and starts it when it can', async () => {
    await frozen('plain', { concurrencyPolicy: 'Forbid' })
    await frozen('edited', { schedule: '*/2 * * * *' }, { hours: 8 })
    await frozen('suspended', {}, { was: 'suspended' })
    await frozen('resumed', {}, { hours: 400 * 24 })
    await frozen('full')
    const quota = { spec: { hard: { 'count/jobs.batch': '0' } } }
    await create(lab, { kind: 'ResourceQuota', metadata: { name: 'none', namespace: 'full' }, ...quota } as never)
    await givenUp('plain', 'edited', 'suspended', 'resumed', 'full')
    const a = started('a', undefined, {}, alone)
    await a.says('started')
    await caughtUpOnce('plain')
    const [job] = await jobs('plain')
    const { metadata, status } = await cronJob('plain')
    expect(job?.metadata?.ownerReferences).toMatchObject([
      { kind: 'CronJob', uid: metadata?.uid, controller: true, blockOwnerDeletion: true },
    ])
    expect(await events('plain', 'UnexpectedJob')).toEqual([])
    expect(status?.active).toMatchObject([{ name: job?.metadata?.name, uid: job?.metadata?.uid }])

    // The schedule is another one than was seen: it is thawed, and nothing started for the time before.
    await expect.poll(() => events('edited', 'RoadcrewNotCaughtUp'), { timeout: 20_000 }).toHaveLength(1)
    const last = async () => Date.parse(String((await cronJob('edited')).status?.lastScheduleTime))
    await expect.poll(last, { timeout: 20_000 }).toBeGreaterThan(Date.now() - 600_000)
    expect(await late('edited')).toEqual([])
    // Nor for while its owner had suspended it.
    await expect.poll(() => events('suspended', 'RoadcrewNotCaughtUp'), { timeout: 20_000 }).toHaveLength(1)
    expect(await late('suspended')).toEqual([])

    // After 400 days it is a person's, and said so.
    expect(await events('resumed', 'RoadcrewTooManyMissed')).toHaveLength(1)
    expect(await jobs('resumed')).toEqual([])

    await expect.poll(() => events('full', 'RoadcrewHeld'), { timeout: 20_000 }).toHaveLength(1)
    expect((await events('full', 'RoadcrewHeld'))[0]).toContain('exceeded quota')
    expect(await jobs('full')).toEqual([])
    expect(Date.parse(String((await cronJob('full')).status?.lastScheduleTime))).toBeLessThan(Date.now() - 10_000_000)
    await lab.send('DELETE', '/api/v1/namespaces/full/resourcequotas/none')
    await caughtUpOnce('full', 70_000)
  })

  it('does nothing more after it stood still for longer than its lease, and what it had begun is done once', async () => {
    await frozen('stopped')
    await givenUp('stopped')
    const [one, through] = await gate()
    const posts = one.hold(makesJob)
    const a = started('a', through)
    const held = await posts
    a.signal('SIGSTOP')
    const b = started('b')
    await b.says('leads', 30_000)
    await caughtUpOnce('stopped', 60_000)
    const before = one.writes.length
    // What it had sent arrives late: the name is taken. Then it goes on, and leads no more.
    expect(await held.release()).toBe(409)
    a.signal('SIGCONT')
    await a.says('does not lead', 20_000)
    const audits = () => a.lines.filter(({ msg }) => msg === 'audit')
    await expect.poll(audits, { timeout: 10_000 }).toMatchObject([{ step: 'catch-up', outcome: 'held' }])
    expect(one.writes.slice(before).filter(({ path }) => !path.includes('/events'))).toHaveLength(1)
    await caughtUpOnce('stopped')
  })

  it('does nothing by a wrong clock; goes on after API server and etcd were away, and loses nothing to a namespace that is deleted', async () => {
    await frozen('restarted')
    await frozen('deleted')
    await givenUp('restarted', 'deleted')
    const ahead = 'const right = Date.now; Date.now = () => right() + 3_600_000'
    const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(ahead)}` }
    const wrong = started('wrong', undefined, env, alone)
    await expect.poll(() => events('restarted', 'RoadcrewHeld'), { timeout: 20_000 }).toHaveLength(1)
    expect((await events('restarted', 'RoadcrewHeld'))[0]).toMatch(
      /its clock is 3(?:599|600) s ahead of that of the API server/,
    )
    await wrong.stop()
    expect(await late('restarted')).toEqual([])
    expect((await cronJob('restarted')).metadata?.annotations).not.toHaveProperty([noteKey])
    const [one, through] = await gate()
    const posts = [one.hold(makesJob), one.hold(makesJob)]
    const a = started('a', through, {}, alone)
    const first = await Promise.race(posts)
    await lab.restartEtcd()
    await lab.restartApiServer()
    await first.release().catch(() => 0)
    const second = (await Promise.all(posts)).find((held) => held !== first)
    await lab.send('DELETE', '/api/v1/namespaces/deleted')
    await second?.release().catch(() => 0)
    await caughtUpOnce('restarted', 90_000)
    expect((await a.get('/healthz')).status).toBe(200)
    expect(a.said('a turn failed')).toBeUndefined()
    const isGone = () =>
      lab.send('GET', '/api/v1/namespaces/deleted').then(
        () => false,
        () => true,
      )
    await expect.poll(isGone, { timeout: 40_000, interval: 500 }).toBe(true)
  })

  it('leaves a status by which the native controller forbids the next runs', async () => {
    const [job, ...more] = await jobs('plain')
    expect(more).toEqual([])
    // One that is due every minute, and no Job ends here.
    const made = Date.parse(String(job?.metadata?.creationTimestamp))
    await expect.poll(() => Date.now() - made, { timeout: 80_000, interval: 500 }).toBeGreaterThan(75_000)
    expect(await jobs('plain')).toHaveLength(1)
  })
})
