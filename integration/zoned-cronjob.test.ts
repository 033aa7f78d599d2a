// ZonedCronJobs on a real kube-apiserver 1.20: their CRD, and a controller that is killed where it hurts most.
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Job } from 'kubernetes-types/batch/v1.js'
import type { Event } from 'kubernetes-types/core/v1.js'
import { Agent, request } from 'undici'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { loadKubeconfig, type Target } from '../src/kubernetes/kubeconfig.ts'
import { type Lab, startLab } from '../src/lab/lab.ts'
import type { Condition, ZonedCronJob } from '../src/zoned-cronjob/zoned-cronjob.ts'
import { create } from './create.ts'
import { type HeldProxy, heldProxy } from './held-proxy.ts'
import { controlPlaneOrSkip } from './require-control-plane.ts'

const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const crd = parse(readFileSync(join(import.meta.dirname, '../charts/roadcrew/files/zonedcronjobs.yaml'), 'utf8'))
const jobTemplate = {
  spec: {
    template: {
      spec: { restartPolicy: 'Never', containers: [{ name: 'task', image: 'registry.example.com/task:1' }] },
    },
  },
}

describe.skipIf(controlPlaneOrSkip())('ZonedCronJobs', () => {
  let lab: Lab
  let target: Target
  let folder = ''
  const running: { process: ChildProcess; gone: Promise<unknown>; text: () => string }[] = []
  const proxies: HeldProxy[] = []

  beforeAll(async () => {
    lab = await startLab(new AbortController().signal)
    target = (await loadKubeconfig({ path: lab.kubeconfig, env: {}, home: '/' })).target('lab')
    folder = await mkdtemp(join(tmpdir(), 'roadcrew-zoned-'))
    await create(lab, { kind: 'Namespace', metadata: { name: 'roadcrew' } })
    await lab.send('POST', crds, crd)
    const isServed = () =>
      lab.send('GET', '/apis/roadcrew.dev/v1/namespaces/default/zonedcronjobs').then(
        () => true,
        () => false,
      )
    while (!(await isServed())) await sleep(200)
  })

  afterEach(async () => {
    for (const one of running.splice(0)) await kill(one)
    for (const proxy of proxies.splice(0)) await proxy.stop()
  })

  afterAll(async () => {
    await lab?.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const kill = async ({ process, gone }: (typeof running)[number]): Promise<void> => {
    process.kill('SIGKILL')
    await gone
  }

  /** A controller as a process of its own. */
  const controller = async (kubeconfig = lab.kubeconfig) => {
    const args = ['controller', '--kubeconfig', kubeconfig, '--namespace', 'roadcrew', '--listen', '127.0.0.1:0']
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, '../dist/main.js'), ...args, '--no-leader-election', '--zoned-cron-jobs'],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    let text = ''
    child.stdout.on('data', (part) => {
      text += part
    })
    const one = { process: child, gone: new Promise((resolve) => child.once('exit', resolve)), text: () => text }
    running.push(one)
    await expect.poll(() => text, { timeout: 20_000, interval: 50 }).toContain('"started"')
    return one
  }

  const throughProxy = async (): Promise<HeldProxy & { path: string }> => {
    const proxy = await heldProxy(target)
    proxies.push(proxy)
    const path = join(folder, `proxy-${proxies.length}-${Date.now()}`)
    await writeFile(path, proxy.kubeconfig)
    return Object.assign(proxy, { path })
  }

  const space = async (name: string) => {
    await create(lab, { kind: 'Namespace', metadata: { name } })
    const path = `/apis/roadcrew.dev/v1/namespaces/${name}/zonedcronjobs`
    const jobsPath = `/apis/batch/v1/namespaces/${name}/jobs`
    return {
      make: (spec: object, called = 'report') =>
        lab.send('POST', path, {
          apiVersion: 'roadcrew.dev/v1',
          kind: 'ZonedCronJob',
          metadata: { name: called },
          spec: { jobTemplate, ...spec },
        }) as Promise<ZonedCronJob>,
      get: (called = 'report') => lab.send('GET', `${path}/${called}`) as Promise<ZonedCronJob>,
      edit: (spec: object, called = 'report') => lab.send('PATCH', `${path}/${called}`, { spec }),
      patchStatus: (status: object, called = 'report') => lab.send('PATCH', `${path}/${called}/status`, { status }),
      jobs: async () =>
        (await lab.list<Job>(jobsPath)).toSorted((a, b) =>
          (a.metadata?.name ?? '') < (b.metadata?.name ?? '') ? -1 : 1,
        ),
      names: async () => (await lab.list<Job>(jobsPath)).map(({ metadata }) => metadata?.name ?? '').toSorted(),
      finish: (job: Job) => {
        const now = new Date().toISOString().replace(/\.\d+/, '')
        const conditions = [{ type: 'Complete', status: 'True', lastTransitionTime: now, lastProbeTime: now }]
        return lab.send('PATCH', `${jobsPath}/${job.metadata?.name}/status`, {
          status: { conditions, completionTime: now, startTime: now, succeeded: 1 },
        })
      },
      events: async () =>
        (await lab.list<Event>(`/api/v1/namespaces/${name}/events`)).filter(
          ({ involvedObject }) => involvedObject.kind === 'ZonedCronJob',
        ),
    }
  }

  const conditionOf = ({ status }: ZonedCronJob, type: Condition['type']) =>
    status?.conditions?.find((one) => one.type === type)

  it('have a CRD that is structural, is explained, and shows its columns', async () => {
    const found = (await lab.send('GET', `${crds}/${crd.metadata.name}`)) as {
      status: { conditions: readonly { type: string; status: string; message: string }[] }
    }
    const conditions = Object.fromEntries(found.status.conditions.map(({ type, status }) => [type, status]))
    expect(conditions).toEqual({ NamesAccepted: 'True', Established: 'True' })

    const explained = async () => {
      const { definitions } = (await lab.send('GET', '/openapi/v2')) as { definitions: Record<string, never> }
      return definitions['dev.roadcrew.v1.ZonedCronJob'] as unknown as typeof crd | undefined
    }
    await expect.poll(explained, { timeout: 60_000, interval: 1000 }).toBeTruthy()
    const { properties } = (await explained())?.properties.spec ?? {}
    expect(properties.daylightSaving.description).toMatch(
      /^What becomes of runs at times that the clocks skip or repeat/,
    )
    expect(Object.keys(properties.daylightSaving.properties)).toEqual(['repeated', 'skipped'])

    const { make } = await space('shown')
    await make({ schedule: '30 2 * * *', timeZone: 'Europe/Berlin', suspend: true })
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
    const { make } = await space('refused')
    const schedule = '0 2 * * *'
    for (const [spec, field] of [
      [{ schedule: 'TZ=Europe/Berlin 0 2 * * *' }, 'spec.schedule'],
      [{ schedule: '0 2 * *' }, 'spec.schedule'],
      [{ schedule, timeZone: '../etc' }, 'spec.timeZone'],
      [{ schedule, failedJobsHistoryLimit: -1 }, 'spec.failedJobsHistoryLimit'],
      [{ schedule, daylightSaving: { skipped: 'later' } }, 'spec.daylightSaving.skipped'],
      [{ schedule, jobTemplate: {} }, 'spec.jobTemplate.spec'],
    ] as const) {
      await expect(make(spec), field).rejects.toThrow(field)
    }
    await expect(make({ schedule }, 'x'.repeat(53))).rejects.toThrow('metadata.name')
    const { spec } = await make({ schedule }, 'x'.repeat(52))
    expect(spec).toMatchObject({
      timeZone: 'UTC',
      daylightSaving: { skipped: 'runAfter', repeated: 'once' },
      missedRuns: { policy: 'last', limit: 10 },
      concurrencyPolicy: 'Allow',
    })
  })

  it('run at their times, one Job each, show the next ones, and are cleaned', async () => {
    const { make, get, jobs, finish, events } = await space('runs')
    await controller()
    await make({ schedule: '@every 5s', timeZone: 'Asia/Tokyo', successfulJobsHistoryLimit: 1 })
    await expect.poll(async () => (await jobs()).length, { timeout: 30_000, interval: 100 }).toBeGreaterThan(1)
    for (const { metadata } of await jobs()) {
      const late = Date.parse(String(metadata?.creationTimestamp)) - Number(metadata?.name?.split('-').at(-1)) * 1000
      expect(late).toBeGreaterThanOrEqual(0)
      expect(metadata?.annotations?.['roadcrew.dev/scheduled-for']).toBeTruthy()
    }
    for (const job of await jobs()) await finish(job)
    const isCleaned = async () => (await jobs()).filter(({ status }) => status?.conditions).length
    await expect.poll(isCleaned, { timeout: 15_000 }).toBe(1)
    const { status, metadata } = await get()
    expect(status?.preview).toHaveLength(5)
    expect(status?.preview?.[0]?.local).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)? \+09:00$/)
    expect(status?.observedGeneration).toBe(metadata?.generation)
    expect(Date.parse(status?.highWaterMark ?? '')).toBe(Date.parse(status?.lastScheduleTime ?? ''))
    const told = async () => (await events()).map(({ reason }) => reason)
    await expect.poll(told, { timeout: 10_000 }).toContain('Started')
  })

  it('with mode native are run all the same on 1.20, whose CronJobs have no time zone, which is told', async () => {
    const { make, get, names, events } = await space('native')
    const one = await controller()
    await make({ schedule: '* * * * *', mode: 'native' })
    await expect
      .poll(async () => conditionOf(await get(), 'Delegated'), { timeout: 20_000, interval: 200 })
      .toMatchObject({ status: 'False', reason: 'NoTimeZone' })
    await expect.poll(names, { timeout: 80_000, interval: 500 }).toHaveLength(1)
    expect(await lab.list('/apis/batch/v1beta1/namespaces/native/cronjobs')).toEqual([])
    const told = async () => (await events()).filter(({ reason }) => reason === 'Mode').map(({ message }) => message)
    await expect.poll(told, { timeout: 10_000 }).toEqual([expect.stringContaining('Roadcrew starts the runs itself')])
    expect(one.text()).not.toContain('a turn failed')
  })

  it('have no run twice after a kill between creating the Job and writing the status', async () => {
    const { make, get, names, edit } = await space('killed')
    const proxy = await throughProxy()
    let isHeld = false
    // The first writing of a status takes note of the object; the next one is that of the run.
    proxy.before = async (method, path): Promise<'pass' | 'drop'> => {
      const isStatus = method === 'PATCH' && path.endsWith('/zonedcronjobs/report/status')
      if (!isStatus || (await names()).length === 0) return 'pass'
      isHeld = true
      return 'drop'
    }
    const first = await controller(proxy.path)
    await make({ schedule: '@every 10s' })
    await expect.poll(() => isHeld, { timeout: 30_000, interval: 20 }).toBe(true)
    await kill(first)
    const [made = ''] = await names()
    const before = await get()
    expect(before.status?.lastScheduleTime).toBeUndefined()
    await controller()
    const lastOf = async () => Date.parse((await get()).status?.lastScheduleTime ?? '') / 1000
    await expect.poll(lastOf, { timeout: 20_000, interval: 100 }).toBeGreaterThanOrEqual(Number(made.split('-').at(-1)))
    await edit({ suspend: true })
    await expect.poll(async () => (await get()).status?.observed?.suspend, { timeout: 20_000 }).toBe(true)
    const { status } = await get()
    const runs = (Date.parse(status?.lastScheduleTime ?? '') / 1000 - Number(made.split('-').at(-1))) / 10 + 1
    const missed = (status?.missed?.recent ?? []).filter(({ reason }) => reason !== 'Suspended')
    const all = await names()
    expect(all[0]).toBe(made)
    expect(all.length + missed.reduce((sum, { count }) => sum + count, 0)).toBe(runs)
  })

  it('are read again where somebody else wrote the status in between', async () => {
    const { make, get, names, patchStatus } = await space('conflicts')
    const proxy = await throughProxy()
    let conflicts = 0
    proxy.before = async (method, path): Promise<'pass' | 'drop'> => {
      if (method === 'PATCH' && path.endsWith('/zonedcronjobs/report/status') && conflicts < 3) {
        conflicts++
        await patchStatus({ active: 40 + conflicts })
      }
      return 'pass'
    }
    const one = await controller(proxy.path)
    await make({ schedule: '@every 10s' })
    await expect.poll(async () => (await get()).status?.lastScheduleTime, { timeout: 30_000 }).toBeTruthy()
    expect(conflicts).toBe(3)
    const { status } = await get()
    expect(await names()).toContain(`report-${Date.parse(status?.lastScheduleTime ?? '') / 1000}`)
    expect(status?.active).toBeLessThan(40)
    expect(one.text()).not.toContain('a turn failed')
  })

  it('wait for a quota, say so, and find room when their own finished Jobs fill it', async () => {
    const { make, get, jobs, finish, events } = await space('quota')
    await create(lab, {
      ...{ kind: 'ResourceQuota', metadata: { name: 'few', namespace: 'quota' } },
      spec: { hard: { 'count/jobs.batch': '1' } },
    } as never)
    const quotaStatus = () =>
      lab.send('GET', '/api/v1/namespaces/quota/resourcequotas/few') as Promise<{ status: { hard?: object } }>
    await expect.poll(async () => (await quotaStatus()).status.hard, { timeout: 30_000 }).toBeTruthy()
    await controller()
    await make({ schedule: '@every 15s', successfulJobsHistoryLimit: 3 })
    await expect.poll(async () => (await jobs()).length, { timeout: 30_000, interval: 200 }).toBe(1)
    const isBlocked = async () => conditionOf(await get(), 'Blocked')
    await expect.poll(isBlocked, { timeout: 30_000, interval: 200 }).toMatchObject({
      status: 'True',
      reason: 'QuotaExceeded',
      message: expect.stringContaining('exceeded quota: few'),
    })
    const [first] = await jobs()
    const last = Number(first?.metadata?.name?.split('-').at(-1)) * 1000
    expect(Date.parse((await get()).status?.lastScheduleTime ?? '')).toBe(last)
    if (first) await finish(first)
    const ran = async () => Date.parse((await get()).status?.lastScheduleTime ?? '') > last
    await expect.poll(ran, { timeout: 90_000, interval: 500 }).toBe(true)
    expect((await jobs()).map(({ metadata }) => metadata?.uid)).not.toContain(first?.metadata?.uid)
    const told = async () => (await events()).map(({ reason }) => reason)
    await expect.poll(told, { timeout: 10_000 }).toContain('QuotaExceeded')
    const missed = (await get()).status?.missed?.recent ?? []
    expect(missed.filter(({ reason }) => reason !== 'QuotaExceeded')).toEqual([])
  })
})
