// The controller on a real kube-apiserver and kube-controller-manager, as processes of their own where they have to be killed.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CronJob, Job } from 'kubernetes-types/batch/v1.js'
import type { Event } from 'kubernetes-types/core/v1.js'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Client, connect } from '../src/kubernetes/client.ts'
import { Informer } from '../src/kubernetes/informer.ts'
import { loadKubeconfig } from '../src/kubernetes/kubeconfig.ts'
import { type Lab, startLab } from '../src/lab/lab.ts'
import { cronJobs } from '../src/objects/kinds.ts'
import { create } from './create.ts'
import { Replica } from './replica.ts'
import { controlPlaneOrSkip } from './require-control-plane.ts'

const space = 'shop'
const own = 'roadcrew'
const paths = {
  cronJobs: `/apis/batch/v1beta1/namespaces/${space}/cronjobs`,
  jobs: `/apis/batch/v1/namespaces/${space}/jobs`,
  events: `/api/v1/namespaces/${space}/events`,
  lease: `/apis/coordination.k8s.io/v1/namespaces/${own}/leases/roadcrew-controller`,
}
const template = {
  spec: { restartPolicy: 'Never', containers: [{ name: 'task', image: 'registry.example.com/task:1' }] },
}
const spec = (more: object = {}) => ({ schedule: '* * * * *', jobTemplate: { spec: { template } }, ...more })

describe.skipIf(controlPlaneOrSkip())('the controller', () => {
  let lab: Lab
  let client: Client
  const replicas: Replica[] = []
  const started = (name: string, ...more: readonly string[]): Replica => {
    const replica = new Replica(name, { kubeconfig: lab.kubeconfig, namespace: own }, ...more)
    replicas.push(replica)
    return replica
  }

  beforeAll(async () => {
    lab = await startLab(new AbortController().signal)
    const config = await loadKubeconfig({ path: lab.kubeconfig, env: {}, home: '/' })
    client = connect(config.target('lab'), { env: {} })
    for (const name of [own, space]) await create(lab, { kind: 'Namespace', metadata: { name } })
  })

  afterEach(async () => {
    await Promise.all(replicas.splice(0).map((replica) => replica.stop('SIGKILL')))
  })

  afterAll(async () => {
    await client?.close()
    await lab?.stop()
  })

  const cronJob = (name: string, more: object = {}) =>
    create(lab, { kind: 'CronJob', metadata: { name, namespace: space }, spec: spec(more) } as never)
  const names = (informer: Informer) =>
    informer
      .items(space)
      .map(({ subject }) => subject.name)
      .toSorted()

  it('knows what is there after the API server was restarted and has forgotten the past', async () => {
    const stop = new AbortController()
    const happened: string[] = []
    const failed: boolean[] = []
    for (const name of ['kept', 'lost']) await cronJob(name, { suspend: true })
    const informer = new Informer({
      client,
      kind: cronJobs,
      signal: stop.signal,
      ticks: () => performance.now(),
      random: Math.random,
      happened: ({ what, item }) => void happened.push(`${what} ${item.subject.name}`),
      failed: (_, anew) => void failed.push(anew),
    })
    const running = informer.run()
    await expect.poll(() => names(informer), { timeout: 20_000 }).toEqual(['kept', 'lost'])
    await lab.restartApiServer()
    await lab.send('DELETE', `${paths.cronJobs}/lost`)
    await cronJob('new', { suspend: true })
    // What a watch could go on from is compacted away, as etcd does every five minutes.
    const { metadata } = (await lab.send('GET', paths.cronJobs)) as { metadata: { resourceVersion: string } }
    const body = JSON.stringify({ revision: metadata.resourceVersion })
    expect((await fetch(`${lab.etcdUrl}/v3/kv/compaction`, { method: 'POST', body })).status).toBe(200)
    await expect.poll(() => names(informer), { timeout: 60_000 }).toEqual(['kept', 'new'])
    expect(happened).toEqual(expect.arrayContaining(['gone lost', 'added new']))
    expect(happened.filter((one) => one.endsWith(' kept'))).toEqual(['added kept'])
    expect(failed.length).toBeGreaterThan(0)
    await lab.send('DELETE', `${paths.cronJobs}/new`)
    await expect.poll(() => names(informer), { timeout: 20_000 }).toEqual(['kept'])
    stop.abort()
    await running
    await lab.send('DELETE', `${paths.cronJobs}/kept`)
  })

  it('is led by one of two; the other takes over at once when it stops, and within 17 s when it is killed', async () => {
    const a = started('a')
    await a.says('leads')
    const b = started('b')
    await b.says('started')
    await expect.poll(async () => (await b.get('/readyz')).status, { timeout: 20_000 }).toBe(200)
    await sleep(2500)
    expect(b.said('leads')).toBeUndefined()
    expect(await b.metric('roadcrew_controller_leader ')).toEqual(['roadcrew_controller_leader 0'])
    expect(await a.metric('roadcrew_controller_leader ')).toEqual(['roadcrew_controller_leader 1'])

    const stoppedAt = Date.now()
    const goneAt = await a.stop()
    const after = Date.parse(String((await b.says('leads')).time)) - stoppedAt
    expect(after).toBeLessThan(3_500)
    expect(goneAt - stoppedAt).toBeLessThan(3_500)

    const c = started('c')
    await c.says('started')
    await sleep(2500)
    const killedAt = Date.now()
    await b.stop('SIGKILL')
    const tookOver = Date.parse(String((await c.says('leads')).time)) - killedAt
    expect(tookOver).toBeGreaterThan(12_000)
    expect(tookOver).toBeLessThan(18_000)
    const lease = (await lab.send('GET', paths.lease)) as { spec: Record<string, unknown> }
    expect(lease.spec).toMatchObject({ holderIdentity: 'c', leaseDurationSeconds: 15, leaseTransitions: 2 })
    process.stderr.write(`handed over in ${after} ms, taken over in ${tookOver} ms\n`)
    await c.stop()
  })

  it('does not lead any more after it stood still for longer than its lease', async () => {
    const a = started('a')
    await a.says('leads')
    const b = started('b')
    await b.says('started')
    a.signal('SIGSTOP')
    await b.says('leads', 30_000)
    a.signal('SIGCONT')
    await a.says('does not lead', 10_000)
    expect(await a.metric('roadcrew_controller_leader ')).toEqual(['roadcrew_controller_leader 0'])
    expect(await b.metric('roadcrew_controller_leader ')).toEqual(['roadcrew_controller_leader 1'])
    await Promise.all([a.stop(), b.stop()])
  })

  it('tells of a frozen CronJob within seconds, thaws it, and only planned runs come', async () => {
    const data = { 'policy.yaml': 'hazards:\n  frozen-cronjob: {mode: observe, steps: {thaw: act}}\n' }
    await create(lab, { kind: 'ConfigMap', metadata: { name: 'roadcrew-policy', namespace: own }, data } as never)
    const replica = started('thawing')
    await replica.says('leads')
    await cronJob('report', { suspend: true })
    const hours = new Date(Date.now() - 3 * 3_600_000).toISOString().replace(/\.\d+/, '')
    await lab.send('PATCH', `${paths.cronJobs}/report/status`, { status: { lastScheduleTime: hours } })
    await lab.send('PATCH', `${paths.cronJobs}/report`, { spec: { suspend: false } })
    const eventsOf = async () => {
      const events = await lab.list<Event>(paths.events, 'involvedObject.name=report')
      return events.filter(({ source }) => source?.component !== 'cronjob-controller')
    }
    const gaveUp = async () => {
      const events = await lab.list<Event>(paths.events, 'involvedObject.name=report')
      return events.some(({ reason }) => reason === 'FailedNeedsStart')
    }
    await expect.poll(gaveUp, { timeout: 60_000, interval: 100 }).toBe(true)
    const gaveUpAt = Date.now()
    await expect
      .poll(() => replica.metric('roadcrew_cronjob_frozen{'), { timeout: 15_000, interval: 50 })
      .toEqual([expect.stringMatching(/cronjob="report",reason="too-many-missed"} 1$/)])
    const isAbout = async () => (await eventsOf()).map(({ reason }) => reason)
    await expect.poll(isAbout, { timeout: 15_000, interval: 100 }).toContain('RoadcrewTooManyMissed')
    const toldAfter = Date.now() - gaveUpAt
    await expect.poll(isAbout, { timeout: 15_000, interval: 100 }).toContain('RoadcrewActed')
    const acted = (await eventsOf()).find(({ reason }) => reason === 'RoadcrewActed')
    expect(acted).toMatchObject({
      message: expect.stringContaining(`instead of "${hours}"`),
      involvedObject: { kind: 'CronJob', apiVersion: 'batch/v1beta1', namespace: space },
      source: { component: 'roadcrew-controller' },
    })
    const object = (await lab.send('GET', `${paths.cronJobs}/report`)) as CronJob
    expect(object.spec).toMatchObject({ suspend: false, schedule: '* * * * *' })
    expect(object.spec).not.toHaveProperty('startingDeadlineSeconds')
    const thawed = Date.parse(String(object.status?.lastScheduleTime))
    expect(thawed % 60_000).toBe(0)

    const jobs = () => lab.list<Job>(paths.jobs)
    await expect.poll(async () => (await jobs()).length, { timeout: 100_000, interval: 500 }).toBeGreaterThan(0)
    for (const { metadata } of await jobs()) {
      // A 1.20 looks every 10 s; what is named after the minute was planned, and nothing of before the thaw is started.
      const planned = Number(metadata?.name?.split('-').at(-1)) * 1000
      expect(planned).toBeGreaterThan(thawed)
      expect(Date.parse(String(metadata?.creationTimestamp)) - planned).toBeLessThan(15_000)
    }
    const isFrozen = async () =>
      (await replica.metric('roadcrew_cronjob_frozen')).filter((line) => /too-many-missed.*1$/.test(line))
    await expect.poll(isFrozen, { timeout: 20_000 }).toEqual([])
    const cured = () => replica.lines.some(({ msg, outcome }) => msg === 'followed up' && outcome === 'cured')
    await expect.poll(cured, { timeout: 30_000 }).toBe(true)
    const late = await replica.metric(`roadcrew_cronjob_lateness_seconds_count{namespace="${space}"}`)
    expect(late.map((line) => Number(line.split(' ')[1]) > 0)).toEqual([true])
    const next = await replica.metric(
      'roadcrew_cronjob_next_scheduled_timestamp_seconds{namespace="shop",cronjob="report"}',
    )
    expect(Number(next[0]?.split(' ')[1]) % 60).toBe(0)
    process.stderr.write(`told ${toldAfter} ms after the native controller gave up\n`)
    await replica.stop()
  })

  it('makes room for a run that a quota refuses, by the oldest finished Job and no other (kubernetes#119775)', async () => {
    const office = 'office'
    const at = {
      cronJobs: `/apis/batch/v1beta1/namespaces/${office}/cronjobs`,
      jobs: `/apis/batch/v1/namespaces/${office}/jobs`,
    }
    const time = (minutesAgo: number) => new Date(Date.now() - minutesAgo * 60_000).toISOString().replace(/\.\d+/, '')
    const jobs = () => lab.list<Job>(at.jobs)
    await create(lab, { kind: 'Namespace', metadata: { name: office } })
    // Its newest run was due half an hour ago, so that no other one comes while this goes on.
    const schedule = `${new Date(Date.now() - 30 * 60_000).getUTCMinutes()} * * * *`
    await lab.send('POST', at.cronJobs, {
      apiVersion: 'batch/v1beta1',
      kind: 'CronJob',
      metadata: { name: 'report' },
      spec: spec({ schedule, suspend: true }),
    })
    const { metadata } = (await lab.send('GET', `${at.cronJobs}/report`)) as CronJob
    const owner = { apiVersion: 'batch/v1beta1', kind: 'CronJob', name: 'report', uid: metadata?.uid, controller: true }
    for (const [name, ended] of [
      ['old', 300],
      ['young', 200],
    ] as const) {
      await lab.send('POST', at.jobs, { metadata: { name, ownerReferences: [owner] }, spec: { template } })
      const counted = async () => (await jobs()).find((job) => job.metadata?.name === name)?.status?.active
      await expect.poll(counted, { timeout: 20_000 }).toBe(1)
      const conditions = [{ type: 'Complete', status: 'True', lastTransitionTime: time(ended) }]
      const status = { startTime: time(ended + 1), completionTime: time(ended), active: 0, succeeded: 1, conditions }
      await lab.send('PATCH', `${at.jobs}/${name}/status`, { status })
    }
    const quotas = `/api/v1/namespaces/${office}/resourcequotas`
    await lab.send('POST', quotas, { metadata: { name: 'two' }, spec: { hard: { 'count/jobs.batch': '2' } } })
    const folder = mkdtempSync(join(tmpdir(), 'roadcrew-policy-'))
    writeFileSync(join(folder, 'policy.yaml'), 'hazards:\n  stuck-cleanup: {mode: observe, steps: {make-room: act}}\n')
    const replica = started('cleaning', '--policy', join(folder, 'policy.yaml'))
    await replica.says('leads')
    await lab.send('PATCH', `${at.cronJobs}/report/status`, { status: { lastScheduleTime: time(95) } })
    await lab.send('PATCH', `${at.cronJobs}/report`, { spec: { suspend: false } })

    const names = async () => (await jobs()).map((job) => job.metadata?.name ?? '').toSorted()
    const ran = async () => (await names()).filter((name) => name.startsWith('report-')).length
    await expect.poll(ran, { timeout: 60_000, interval: 200 }).toBe(1)
    expect(await names()).toEqual([expect.stringMatching(/^report-\d+$/), 'young'])
    const audits = replica.lines.filter(({ msg, outcome }) => msg === 'audit' && outcome === 'done')
    expect(audits).toMatchObject([{ hazard: 'stuck-cleanup', reason: 'quota-held', text: 'delete Job office/old' }])
    const told = async () => {
      const events = await lab.list<Event>(`/api/v1/namespaces/${office}/events`, 'involvedObject.name=report')
      return events.filter(({ source }) => source?.component === 'roadcrew-controller').map(({ reason }) => reason)
    }
    await expect.poll(told, { timeout: 15_000 }).toEqual(expect.arrayContaining(['RoadcrewQuotaHeld', 'RoadcrewActed']))
    await replica.stop()
    rmSync(folder, { recursive: true })
  })
})
