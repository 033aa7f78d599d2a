import type { CronJob } from 'kubernetes-types/batch/v1.js'
import { afterEach, describe, expect, it } from 'vitest'
import { keptReads } from '../engine/kept-reads.ts'
import { hazards } from '../hazards/index.ts'
import type { Client } from '../kubernetes/client.ts'
import { Informer } from '../kubernetes/informer.ts'
import { cronJobs, namespaces } from '../objects/kinds.ts'
import { utc } from '../schedule/zone.ts'
import { guardedHazards, kindsOf } from './guarded.ts'
import { Guardian } from './guardian.ts'
import { ControllerMetrics } from './metrics.ts'
import { WorkQueue } from './queue.ts'
import { Workers } from './workers.ts'

const at = Date.parse('2026-11-23T08:00:00Z')
const cronJob = (last: string): CronJob => ({
  metadata: {
    name: 'report',
    namespace: 'shop',
    uid: 'u',
    resourceVersion: last,
    creationTimestamp: '2026-11-01T00:00:00Z',
  },
  spec: { schedule: '*/10 * * * *', jobTemplate: {} },
  status: { lastScheduleTime: `2026-11-23T${last}Z` },
})
const resources = (name: string, kind: string) => ({ resources: [{ name, kind, namespaced: true }] })

/** A fake API server of 1.36 that lists one CronJob and then tells of changes as they are pushed. */
class FakeCluster implements Client {
  readonly name = 'fake'
  readonly server = 'fake'
  readonly #pushed: { wake: () => void; readonly events: unknown[] } = { wake: () => {}, events: [] }
  last = '07:50:00'

  ask({ path }: { readonly path: string }): Promise<unknown> {
    if (path === '/apis/batch/v1') {
      return Promise.resolve({
        resources: [resources('cronjobs', 'CronJob'), resources('jobs', 'Job')].flatMap((one) => one.resources),
      })
    }
    if (path === '/api/v1') {
      const all = [
        resources('events', 'Event'),
        resources('resourcequotas', 'ResourceQuota'),
        resources('namespaces', 'Namespace'),
      ]
      return Promise.resolve({ resources: all.flatMap((one) => one.resources) })
    }
    return Promise.resolve({
      items: path.endsWith('/cronjobs') ? [cronJob(this.last)] : [],
      metadata: { resourceVersion: '1' },
    })
  }

  push(type: string, object: object): void {
    this.#pushed.events.push({ type, object })
    this.#pushed.wake()
  }

  async *lines(
    { path }: { readonly path: string },
    { signal }: { readonly signal: AbortSignal },
  ): AsyncGenerator<unknown> {
    while (!signal.aborted) {
      if (path.endsWith('/cronjobs')) yield* this.#pushed.events.splice(0)
      await new Promise<void>((resolve) => {
        if (path.endsWith('/cronjobs')) this.#pushed.wake = resolve
        signal.addEventListener('abort', () => resolve())
      })
    }
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}

describe('the guardian', () => {
  const stop: AbortController[] = []
  afterEach(() => {
    for (const one of stop.splice(0)) one.abort()
  })

  function started({ leads = true } = {}) {
    const cluster = new FakeCluster()
    const abort = new AbortController()
    stop.push(abort)
    const guarded = guardedHazards(hazards, cronJobs)
    const { hazards: judging, keep } = keptReads(guarded)
    const queue = new WorkQueue({ parallel: 1, backOff: () => 10 })
    const told: string[] = []
    const clock = { now: at, leads }
    let informers: readonly Informer[] = []
    const metrics = new ControllerMetrics(guarded, {
      informers: () => informers,
      depth: () => queue.depth,
      leads: () => clock.leads,
    })
    const workers = new Workers({
      queue,
      ticks: () => performance.now(),
      turn: (key) => guardian.turn(key),
      failed: (_, error) => told.push(String(error)),
    })
    informers = [...kindsOf(guarded), namespaces].map(
      (kind) =>
        new Informer({
          client: cluster,
          kind,
          signal: abort.signal,
          ticks: () => performance.now(),
          random: () => 0,
          keep: (object) => keep(kind.kind, object),
          happened: (happened) => guardian.happened(kind, happened),
          failed: () => {},
        }),
    )
    const guardian: Guardian = new Guardian(
      {
        cluster: 'fake',
        version: () => ({ major: 1, minor: 36 }),
        hazards: judging,
        informers,
        zones: { data: 'none', find: () => utc },
        timeZone: 'UTC',
        settings: {},
        now: () => clock.now,
        ticks: () => performance.now(),
        leads: () => clock.leads,
        metrics,
        tell: ({ is, finding }) => void told.push(`${is} ${finding.reason}`),
        overdue: ({ name }, planned) => void told.push(`${name} overdue since ${new Date(planned).toISOString()}`),
        act: (namespace, { judged }) => Promise.resolve(void told.push(`may act in ${namespace}: ${judged.length}`)),
      },
      workers,
    )
    for (const informer of informers) void informer.run()
    void workers.run(abort.signal)
    const series = async (name: string) => {
      const text = await metrics.registry.metrics()
      return text
        .split('\n')
        .filter((line) => line.startsWith(`${name}{`))
        .map((line) => line.split(' ')[1])
    }
    const synced = () => expect.poll(() => informers.every((one) => one.synced), { timeout: 5000 }).toBe(true)
    return { cluster, guardian, told, clock, series, synced }
  }

  it('looks when something happens, by the detectors that scans ask, and tells of runs', async () => {
    const { cluster, told, clock, series, guardian, synced } = started()
    await synced()
    guardian.lead()
    await expect.poll(() => told, { timeout: 5000 }).toEqual([expect.stringMatching(/^may act in shop: [3-9]/)])
    expect(await series('roadcrew_cronjob_next_scheduled_timestamp_seconds')).toEqual([String((at + 600_000) / 1000)])
    clock.now = at + 25 * 60_000
    cluster.push('MODIFIED', cronJob('08:10:00'))
    await expect
      .poll(() => told.includes('report overdue since 2026-11-23T08:20:00.000Z'), { timeout: 5000 })
      .toBe(true)
    // What was due before the first look is not known; 08:10 was started, and 08:20 still may be.
    expect(await series('roadcrew_cronjob_missed_total')).toEqual(['0'])
    clock.now = at + 45 * 60_000
    cluster.push('MODIFIED', cronJob('08:40:00'))
    await expect.poll(() => series('roadcrew_cronjob_missed_total'), { timeout: 5000 }).toEqual(['2'])
    expect(await series('roadcrew_cronjob_overdue_timestamp_seconds')).toEqual([])
    cluster.push('DELETED', cronJob('08:40:00'))
    await expect.poll(() => series('roadcrew_cronjob_missed_total'), { timeout: 5000 }).toEqual([])
    expect(told.filter((one) => one.includes('overdue'))).toHaveLength(1)
  })

  it('says and does nothing while another leads, and knows all at once when it is its turn', async () => {
    const { cluster, told, clock, series, guardian } = started({ leads: false })
    cluster.push('MODIFIED', cronJob('08:00:00'))
    await new Promise((resolve) => setTimeout(resolve, 1000))
    expect([told, await series('roadcrew_cronjob_next_scheduled_timestamp_seconds')]).toEqual([[], []])
    clock.leads = true
    guardian.lead()
    await expect.poll(() => told.length, { timeout: 5000 }).toBe(1)
    clock.leads = false
    guardian.resign()
    expect(await series('roadcrew_cronjob_next_scheduled_timestamp_seconds')).toEqual([])
  })
})
