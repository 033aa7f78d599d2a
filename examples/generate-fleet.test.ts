import { readdirSync, readFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { CronExpressionParser } from 'cron-parser'
import type { HorizontalPodAutoscaler } from 'kubernetes-types/autoscaling/v2.js'
import type { CronJob, Job } from 'kubernetes-types/batch/v1.js'
import type { Event, Pod, ResourceQuota, Service } from 'kubernetes-types/core/v1.js'
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js'
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.js'
import { describe, expect, test } from 'vitest'
import { fleetFiles } from './fleet-generator/fleet.ts'
import { clusters, eventsOf, fresh, items, now } from './fleet-generator/read-back.ts'

const folder = join(import.meta.dirname, 'fleet')
const cronJobs = clusters.flatMap((cluster) =>
  items<CronJob>(`${cluster}/cronjobs.json`).map((object) => ({ cluster, object })),
)
const named = (name: string) => cronJobs.find(({ object }) => object.metadata?.name === name)?.object
const jobsOf = (cluster: string, name: string): Job[] =>
  items<Job>(`${cluster}/jobs.json`).filter((job) => job.metadata?.ownerReferences?.[0]?.name === name)

/** Scheduled times after the last start, up to the export; by another cron library than the generator's. */
function missed({ spec, status }: CronJob): number {
  const cron = CronExpressionParser.parse(spec?.schedule ?? '', {
    currentDate: new Date(now + 1000),
    tz: spec?.timeZone ?? 'UTC',
  })
  const last = Date.parse(status?.lastScheduleTime ?? '')
  let count = 0
  while (cron.prev().getTime() > last) count++
  return count
}

describe('the committed fleet', () => {
  test('is what the generator makes', () => {
    const there = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) =>
        join(entry.parentPath, entry.name)
          .slice(folder.length + 1)
          .split(sep)
          .join('/'),
      )
    expect(there.sort()).toEqual([...fresh.keys()].sort())
    for (const [path, text] of fresh)
      expect(readFileSync(join(folder, path), 'utf8') === text, `${path}: run npx tsx examples/generate-fleet.ts`).toBe(
        true,
      )
  })

  test('is the same at each generation', () => {
    expect([...fleetFiles()]).toEqual([...fresh])
  })

  test('stays below 1.6 MB', () => {
    expect([...fresh.values()].reduce((sum, text) => sum + Buffer.byteLength(text), 0)).toBeLessThan(1_600_000)
  })
})

describe.each(clusters)('%s', (cluster) => {
  const lists = [...fresh.keys()].filter((path) => path.startsWith(`${cluster}/`) && !path.endsWith('version.json'))
  const pods = items<Pod>(`${cluster}/pods.json`)

  test('has no uid, address or name twice', () => {
    const all = lists.flatMap((path) => items(path))
    expect(new Set(all.map((object) => object.metadata.uid)).size).toBe(all.length)
    expect(new Set(pods.map((pod) => pod.status?.podIP)).size).toBe(pods.length)
    for (const path of lists) {
      const names = items(path).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
      expect(new Set(names).size, path).toBe(names.length)
    }
  })

  test('uses only namespaces that it has', () => {
    const namespaces = new Set(items(`${cluster}/namespaces.json`).map((object) => object.metadata.name))
    const used = lists.flatMap((path) => items(path)).flatMap(({ metadata }) => metadata.namespace ?? [])
    expect(used.filter((namespace) => !namespaces.has(namespace))).toEqual([])
  })

  test('has Jobs and events whose owner is there, by uid', () => {
    const uids = new Set(lists.flatMap((path) => items(path)).map((object) => object.metadata.uid))
    const owners = items(`${cluster}/jobs.json`).map(({ metadata }) => metadata.ownerReferences?.[0]?.uid)
    const subjects = items<Event>(`${cluster}/events.json`).map((event) => event.involvedObject.uid)
    expect([...owners, ...subjects].filter((uid) => !uids.has(uid))).toEqual([])
  })

  test('has Services that each select running Pods', () => {
    for (const { metadata, spec } of items<Service>(`${cluster}/services.json`)) {
      const selected = pods.filter(
        (pod) =>
          pod.metadata?.namespace === metadata?.namespace &&
          pod.status?.phase === 'Running' &&
          Object.entries(spec?.selector ?? {}).every(([key, value]) => pod.metadata?.labels?.[key] === value),
      )
      expect(selected.length, `${metadata?.name}`).toBeGreaterThan(0)
    }
  })

  test('has one EndpointSlice for each Service, of Pods that are there', () => {
    const services = items<Service>(`${cluster}/services.json`)
    const slices = items<EndpointSlice>(`${cluster}/endpointslices.json`)
    expect(slices.map(({ metadata }) => metadata?.ownerReferences?.[0]?.uid).sort()).toEqual(
      services.map(({ metadata }) => metadata?.uid).sort(),
    )
    const known = new Map(pods.map((pod) => [pod.metadata?.uid, pod]))
    for (const { metadata, endpoints } of slices) {
      expect(endpoints.length, metadata?.name).toBeGreaterThan(0)
      for (const { addresses, targetRef } of endpoints) {
        const pod = known.get(targetRef?.uid)
        expect(targetRef).toMatchObject({ name: pod?.metadata?.name, namespace: metadata?.namespace })
        expect(addresses).toEqual([pod?.status?.podIP])
      }
    }
  })

  test('has PodDisruptionBudgets whose status adds up', () => {
    for (const { metadata, spec, status } of items<PodDisruptionBudget>(`${cluster}/poddisruptionbudgets.json`)) {
      const covered = pods.filter(
        (pod) =>
          pod.metadata?.namespace === metadata?.namespace &&
          pod.metadata?.labels?.app === spec?.selector?.matchLabels?.app,
      )
      expect(status?.expectedPods, metadata?.name).toBe(covered.length)
      expect(status?.currentHealthy).toBe(covered.length)
      expect(status?.desiredHealthy).toBe(spec?.minAvailable ?? covered.length - Number(spec?.maxUnavailable))
      expect(status?.disruptionsAllowed).toBe((status?.currentHealthy ?? 0) - (status?.desiredHealthy ?? 0))
    }
  })

  test('has HorizontalPodAutoscalers of Deployments that are there', () => {
    const names = items(`${cluster}/deployments.json`).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
    const scaled = items<HorizontalPodAutoscaler>(`${cluster}/horizontalpodautoscalers.json`)
    const targets = scaled.map(({ metadata, spec }) => `${metadata?.namespace}/${spec?.scaleTargetRef.name}`)
    expect(targets.filter((target) => !names.includes(target))).toEqual([])
  })

  test('has nothing that happened after the export', () => {
    const late = lists
      .flatMap((path) => items(path))
      .filter(({ metadata }) => Date.parse(metadata.creationTimestamp ?? '') > now)
    expect(late).toEqual([])
  })
})

describe('the CronJobs', () => {
  const troubled = [
    'mail-retry',
    'partner-stock-sync',
    'report-preaggregate',
    'robots-refresh',
    'payment-reconcile',
    'invoice-dispatch',
    'index-rebuild',
    'currency-rates',
  ]

  test('are 18, and the others of them missed no run', () => {
    expect(cronJobs).toHaveLength(18)
    const healthy = cronJobs.filter(({ object }) => !troubled.includes(object.metadata?.name ?? ''))
    expect(healthy).toHaveLength(10)
    for (const { cluster, object } of healthy) {
      expect(missed(object), `${cluster} ${object.metadata?.name}`).toBe(0)
      expect(object.status?.active ?? []).toEqual([])
    }
  })

  test('freeze in eu-legacy, and the controller says so', () => {
    for (const name of ['mail-retry', 'partner-stock-sync']) {
      const object = named(name) ?? {}
      expect(object.spec?.startingDeadlineSeconds).toBeUndefined()
      expect(missed(object)).toBeGreaterThan(100)
      const [event] = eventsOf('eu-legacy', name, 'FailedNeedsStart')
      expect(event?.count).toBeGreaterThan(60_000)
      expect(now - Date.parse(event?.lastTimestamp ?? '')).toBeLessThan(300_000)
      expect(jobsOf('eu-legacy', name)).toHaveLength(3)
    }
    expect(missed(named('report-preaggregate') ?? {})).toBe(960)
    expect(named('report-preaggregate')?.spec?.suspend).toBe(true)
  })

  test('are held up in eu-west: by a Job that hangs', () => {
    const active = named('payment-reconcile')?.status?.active ?? []
    const hanging = jobsOf('eu-west', 'payment-reconcile').find((job) => job.status?.active === 1)
    expect(active.map((job) => job.uid)).toEqual([hanging?.metadata?.uid])
    expect(hanging?.status?.startTime).toBe('2026-11-20T08:00:00Z')
    expect(hanging?.spec?.activeDeadlineSeconds).toBeUndefined()
    const pod = items<Pod>('eu-west/pods.json').find(
      (one) => one.metadata?.labels?.['job-name'] === hanging?.metadata?.name,
    )
    expect(pod?.status?.phase).toBe('Running')
  })

  test('are held up in eu-west: by a quota that another CronJob fills', () => {
    const quota = items<ResourceQuota>('eu-west/resourcequotas.json').find((one) => one.metadata?.name === 'job-quota')
    expect(quota?.status?.used).toEqual(quota?.spec?.hard)
    expect(jobsOf('eu-west', 'invoice-archive')).toHaveLength(6)
    const refused = eventsOf('eu-west', 'invoice-dispatch', 'FailedCreate')
    const last = refused.at(-1)
    expect(last?.message).toBe(
      'Error creating job: jobs.batch "invoice-dispatch-29923665" is forbidden: exceeded quota: job-quota, requested: count/jobs.batch=1, used: count/jobs.batch=6, limited: count/jobs.batch=6',
    )
    expect(now - Date.parse(last?.lastTimestamp ?? '')).toBeLessThan(1_000_000)
    expect(refused.reduce((sum, event) => sum + (event.count ?? 0), 0)).toBeGreaterThan(40)
  })

  test('name their Jobs after the scheduled time: seconds in 1.20, minutes and an annotation since', () => {
    expect(jobsOf('eu-legacy', 'mail-retry').at(-1)?.metadata?.name).toBe('mail-retry-1794618000')
    const [job] = jobsOf('us-east', 'settlement-report').slice(-1)
    expect(job?.metadata?.name).toBe(`settlement-report-${Date.parse('2026-11-23T07:30:00Z') / 60_000}`)
    expect(job?.metadata?.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp']).toBe(
      '2026-11-23T02:30:00-05:00',
    )
  })

  test('of us-east: one never runs, one ran in the future', () => {
    expect(named('index-rebuild')?.status?.lastScheduleTime).toBeUndefined()
    expect(named('currency-rates')?.status?.lastScheduleTime).toBe('2027-01-01T00:00:00Z')
  })
})
