// A real control plane with the CRD of ZonedCronJobs, controllers as processes of their own, and ways to them that can be held.
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Job } from 'kubernetes-types/batch/v1.js'
import type { Event } from 'kubernetes-types/core/v1.js'
import { expect } from 'vitest'
import { parse } from 'yaml'
import { loadKubeconfig, type Target } from '../src/kubernetes/kubeconfig.ts'
import { type Lab, startLab } from '../src/lab/lab.ts'
import { serveZonedCronJobs } from '../src/lab/zoned-cronjobs.ts'
import { plannedAnnotation } from '../src/zoned-cronjob/jobs.ts'
import type { Condition, ZonedCronJob } from '../src/zoned-cronjob/zoned-cronjob.ts'
import { create } from './create.ts'
import { Gate } from './gate.ts'
import { type HeldProxy, heldProxy } from './held-proxy.ts'
import { Replica } from './replica.ts'

export const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
export const crd = parse(readFileSync(join(import.meta.dirname, '../charts/roadcrew/files/zonedcronjobs.yaml'), 'utf8'))
/** Where the controllers' own objects are. */
export const own = 'roadcrew'
export const jobTemplate = {
  spec: {
    template: {
      spec: { restartPolicy: 'Never', containers: [{ name: 'task', image: 'registry.example.com/task:1' }] },
    },
  },
}

interface Started {
  readonly name?: string
  readonly kubeconfig?: string
  readonly env?: Readonly<Record<string, string>>
  /** Without: it leads from the start. */
  readonly elects?: boolean
}

export class ZonedLab {
  readonly lab: Lab
  readonly target: Target
  readonly folder: string
  readonly #running: Replica[] = []
  readonly #ways: { close(): unknown }[] = []

  constructor(lab: Lab, target: Target, folder: string) {
    this.lab = lab
    this.target = target
    this.folder = folder
  }

  /** Makes the CRD, and waits until it is served. */
  async define(): Promise<void> {
    await serveZonedCronJobs(this.lab, new AbortController().signal)
  }

  /** A controller that has started. */
  async controller({ name = 'a', kubeconfig = this.lab.kubeconfig, env = {}, elects = false }: Started = {}) {
    const more = elects ? [] : ['--no-leader-election']
    const one = new Replica(name, { kubeconfig, namespace: own, env }, '--zoned-cron-jobs', ...more)
    this.#running.push(one)
    await one.says('started')
    return one
  }

  /** @param kubeconfig of whom; default: the administrator. */
  async gate(kubeconfig = this.lab.kubeconfig): Promise<readonly [Gate, string]> {
    const gate = new Gate(kubeconfig, this.folder)
    this.#ways.push(gate)
    return [gate, await gate.open()]
  }

  async throughProxy(): Promise<HeldProxy & { readonly path: string }> {
    const proxy = await heldProxy(this.target)
    this.#ways.push({ close: () => proxy.stop() })
    const path = join(this.folder, `proxy-${this.#ways.length}-${Date.now()}`)
    await writeFile(path, proxy.kubeconfig)
    return Object.assign(proxy, { path })
  }

  /** A namespace of its own. */
  async space(name: string): Promise<Space> {
    await create(this.lab, { kind: 'Namespace', metadata: { name } })
    return new Space(this.lab, name)
  }

  /** After each test: ends controllers and what led to the API server. */
  async end(): Promise<void> {
    await Promise.all(this.#running.splice(0).map((one) => one.stop('SIGKILL')))
    for (const way of this.#ways.splice(0)) await way.close()
  }

  async stop(): Promise<void> {
    await this.lab.stop()
    await rm(this.folder, { recursive: true, force: true })
  }
}

export async function startZonedLab({ defined = true } = {}): Promise<ZonedLab> {
  const lab = await startLab(new AbortController().signal)
  const target = (await loadKubeconfig({ path: lab.kubeconfig, env: {}, home: '/' })).target('lab')
  const zoned = new ZonedLab(lab, target, await mkdtemp(join(tmpdir(), 'roadcrew-zoned-')))
  await create(lab, { kind: 'Namespace', metadata: { name: own } })
  if (defined) await zoned.define()
  return zoned
}

/** The ZonedCronJobs of one namespace and their Jobs. */
export class Space {
  readonly lab: Lab
  readonly name: string
  readonly path: string
  readonly jobsPath: string

  constructor(lab: Lab, name: string) {
    this.lab = lab
    this.name = name
    this.path = `/apis/roadcrew.dev/v1/namespaces/${name}/zonedcronjobs`
    this.jobsPath = `/apis/batch/v1/namespaces/${name}/jobs`
  }

  make(spec: object, called = 'report'): Promise<ZonedCronJob> {
    return this.lab.send('POST', this.path, {
      apiVersion: 'roadcrew.dev/v1',
      kind: 'ZonedCronJob',
      metadata: { name: called },
      spec: { jobTemplate, ...spec },
    }) as Promise<ZonedCronJob>
  }

  get(called = 'report'): Promise<ZonedCronJob> {
    return this.lab.send('GET', `${this.path}/${called}`) as Promise<ZonedCronJob>
  }

  edit(spec: object, called = 'report'): Promise<unknown> {
    return this.lab.send('PATCH', `${this.path}/${called}`, { spec })
  }

  patchStatus(status: object, called = 'report'): Promise<unknown> {
    return this.lab.send('PATCH', `${this.path}/${called}/status`, { status })
  }

  /** By their names. */
  async jobs(called?: string): Promise<readonly Job[]> {
    const all = await this.lab.list<Job>(this.jobsPath)
    return all
      .filter(({ metadata }) => called === undefined || metadata?.labels?.['roadcrew.dev/zoned-cronjob'] === called)
      .toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
  }

  async names(): Promise<readonly string[]> {
    return (await this.jobs()).map(nameOf)
  }

  finish(job: Job): Promise<unknown> {
    const now = new Date().toISOString().replace(/\.\d+/, '')
    const conditions = [{ type: 'Complete', status: 'True', lastTransitionTime: now, lastProbeTime: now }]
    return this.lab.send('PATCH', `${this.jobsPath}/${nameOf(job)}/status`, {
      status: { conditions, completionTime: now, startTime: now, succeeded: 1 },
    })
  }

  /** Of ZonedCronJobs. */
  async events(reason?: string): Promise<readonly Event[]> {
    return (await this.lab.list<Event>(`/api/v1/namespaces/${this.name}/events`)).filter(
      (event) => event.involvedObject.kind === 'ZonedCronJob' && (reason === undefined || event.reason === reason),
    )
  }

  async condition(type: Condition['type'], called = 'report'): Promise<Condition | undefined> {
    return conditionOf(await this.get(called), type)
  }

  /** Waits until runs up to a time (ms UTC; default: now) are settled. */
  async settled(upTo = Date.now(), called = 'report', timeout = 60_000): Promise<void> {
    const mark = async () => Date.parse((await this.get(called)).status?.highWaterMark ?? '')
    await expect.poll(mark, { timeout, interval: 200, message: `${this.name}/${called}` }).toBeGreaterThanOrEqual(upTo)
  }

  /** Of one with `@every`, whose Jobs are all still there: each run up to the mark was started once or is counted as missed. */
  async expectAllAccounted(everySeconds: number, called = 'report'): Promise<void> {
    const [{ metadata, status }, jobs] = [await this.get(called), await this.jobs(called)]
    const created = Date.parse(String(metadata?.creationTimestamp))
    const mark = Date.parse(status?.highWaterMark ?? '')
    const planned = jobs.map(plannedOf)
    expect(new Set(planned).size, 'a run has one Job').toBe(planned.length)
    for (const job of jobs) {
      expect((plannedOf(job) - created) % (everySeconds * 1000), nameOf(job)).toBe(0)
      expect(Date.parse(String(job.metadata?.creationTimestamp)), nameOf(job)).toBeGreaterThanOrEqual(plannedOf(job))
    }
    const settled = planned.filter((at) => at <= mark).length
    const missed = status?.missed?.count ?? 0
    expect(settled + missed, JSON.stringify(status)).toBe(Math.floor((mark - created) / (everySeconds * 1000)))
  }
}

export const nameOf = ({ metadata }: Job): string => metadata?.name ?? ''

/** For when a Job was planned, ms UTC. */
export const plannedOf = ({ metadata }: Job): number => Date.parse(metadata?.annotations?.[plannedAnnotation] ?? '')

export const conditionOf = ({ status }: ZonedCronJob, type: Condition['type']): Condition | undefined =>
  status?.conditions?.find((one) => one.type === type)

/** Waits until a request is accepted. */
export async function until(ask: () => Promise<unknown>, message: string): Promise<void> {
  for (const end = Date.now() + 60_000; ; await sleep(200)) {
    try {
      await ask()
      return
    } catch (error) {
      if (Date.now() > end) throw new Error(`${message}: ${error}`)
    }
  }
}
