// A run that is made up for is started once, wherever whoever does it is cut off, by whatever others do meanwhile.
import fc from 'fast-check'
import type { CronJob, Job } from 'kubernetes-types/batch/v1.js'
import { describe, expect, it } from 'vitest'
import type { Json, Step } from '../../contract/hazard.ts'
import { recordedWorld } from '../../engine/fixtures/recorded-world.ts'
import { look } from '../../engine/look.ts'
import { ApiError } from '../../kubernetes/api-error.ts'
import type { Ask, Client } from '../../kubernetes/client.ts'
import { createArm } from '../../kubernetes/create.ts'
import { editArm } from '../../kubernetes/edit.ts'
import { machineZones } from '../../node/time-zones.ts'
import { applyChanges } from '../../objects/changes.ts'
import { cronJobs, events, jobs } from '../../objects/kinds.ts'
import { timeText } from '../../objects/time.ts'
import { parseSchedule } from '../../schedule/parse.ts'
import { nextRun } from '../../schedule/runs.ts'
import { utc } from '../../schedule/zone.ts'
import { frozenCronJob } from './hazard.ts'

const zones = machineZones()
const minute = 60_000
class CutOff extends Error {}

interface Patch {
  readonly [key: string]: Json
}
const isMap = (value: Json | undefined): value is Patch =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** RFC 7396. */
function merged(target: Json | undefined, patch: Json): Json {
  if (!isMap(patch)) return patch
  const out: { [key: string]: Json } = isMap(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete out[key]
    else out[key] = merged(out[key], value)
  }
  return out
}

/** A fake API server in memory: one CronJob, its Jobs, versions; it can cut off whoever writes, before or after it took effect. */
class FakeApi implements Client {
  readonly name = 'recorded'
  readonly server = 'fake'
  cronJob: CronJob
  jobs: Job[] = []
  /** For when each Job that was ever made was planned. */
  readonly made: string[] = []
  /** How many writes until one is cut off; a whole number: before it takes effect, a half: after. */
  cutAfter = Number.POSITIVE_INFINITY
  meanwhile: () => void = () => {}
  #version = 1

  constructor(cronJob: CronJob) {
    this.cronJob = cronJob
    this.touch()
  }

  touch(): void {
    this.cronJob = {
      ...this.cronJob,
      metadata: { ...this.cronJob.metadata, resourceVersion: String(++this.#version) },
    }
  }

  async ask({ method, path, body }: Ask): Promise<unknown> {
    if (/^\/apis\/batch\/v1(?:beta1)?$/.test(path)) {
      const of = path.endsWith('beta1') ? { name: 'cronjobs', kind: 'CronJob' } : { name: 'jobs', kind: 'Job' }
      return { resources: [{ ...of, namespaced: true }] }
    }
    if (path.startsWith('/apis/batch/v2alpha1')) throw new ApiError(404, 'NotFound', 'no such version')
    if (method === 'GET') return structuredClone(this.#get(path))
    this.meanwhile()
    if (this.cutAfter === 0) throw new CutOff()
    const answer = method === 'POST' ? this.#post(body as Job) : this.#patch(body as Json)
    this.cutAfter -= 1
    if (this.cutAfter < 0) throw new CutOff()
    return structuredClone(answer)
  }

  // biome-ignore lint/correctness/useYield: nothing is watched
  async *lines(): AsyncGenerator<unknown> {
    throw new Error('nothing is watched')
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  #get(path: string): CronJob | Job {
    if (path.includes('/cronjobs/')) return this.cronJob
    const job = this.jobs.find(({ metadata }) => path.endsWith(`/${metadata?.name}`))
    if (!job) throw new ApiError(404, 'NotFound', 'no such Job')
    return job
  }

  #post(job: Job): Job {
    if (this.jobs.some(({ metadata }) => metadata?.name === job.metadata?.name)) {
      throw new ApiError(409, 'AlreadyExists', 'there is one')
    }
    const made = { ...job, metadata: { ...job.metadata, uid: `uid-${this.made.length}`, resourceVersion: '1' } }
    this.jobs.push(made)
    this.made.push(job.metadata?.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp'] ?? '')
    return made
  }

  #patch(body: Json): CronJob {
    if (Array.isArray(body)) return this.#jsonPatch(body as never)
    const asked = (body as { metadata?: { resourceVersion?: string } }).metadata?.resourceVersion
    if (asked !== this.cronJob.metadata?.resourceVersion) throw new ApiError(409, 'Conflict', 'it was changed')
    const { spec } = this.cronJob
    this.cronJob = { ...(merged(this.cronJob as Json, body) as CronJob), ...(spec && { spec }) }
    this.touch()
    return this.cronJob
  }

  #jsonPatch(operations: readonly { op: string; path: string; value?: Json }[]): CronJob {
    for (const { op, path, value } of operations) {
      const at = path
        .slice(1)
        .split('/')
        .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
      if (op === 'test') {
        const is = at.reduce<Json | undefined>(
          (inner, key) => (isMap(inner) ? inner[key] : undefined),
          this.cronJob as Json,
        )
        if (JSON.stringify(is) !== JSON.stringify(value)) throw new ApiError(422, 'Invalid', `test of ${path}`)
        continue
      }
      const before = at.reduce<Json | undefined>(
        (inner, key) => (isMap(inner) ? inner[key] : undefined),
        this.cronJob as Json,
      )
      const changed = applyChanges(this.cronJob, [{ path: at, before, after: op === 'remove' ? undefined : value }])
      if ('object' in changed) this.cronJob = changed.object as CronJob
    }
    this.touch()
    return this.cronJob
  }
}

/** What the controller's process does in one turn: looks, and takes the steps, until it is cut off. @returns what it tells. */
async function turn(api: FakeApi, now: number, controllerTimeZone: string): Promise<readonly string[]> {
  const gaveUp = {
    metadata: { name: 'e', namespace: 'shop' },
    involvedObject: { kind: 'CronJob', namespace: 'shop', name: 'report' },
    reason: 'FailedNeedsStart',
    lastTimestamp: timeText(now),
  }
  const own = api.jobs.length > 0 ? api.jobs : [{ of: jobs, items: [] }]
  const world = recordedWorld(
    [
      [cronJobs, [api.cronJob]],
      [jobs, own as readonly Job[]],
      [events, [gaveUp]],
    ],
    { version: { major: 1, minor: 20 } },
  )
  const settings = { 'frozen-cronjob': frozenCronJob.settings.parse({ controllerTimeZone }) }
  const seen = await look({ hazards: [frozenCronJob], vantages: ['cluster'], world, now, ticks: 0, zones, settings })
  const verdict = seen.judged.find(({ subject }) => subject.name === 'report')?.verdict
  const findings = verdict?.verdict === 'found' ? verdict.findings : []
  const arms = [createArm({ client: api, kinds: [cronJobs, jobs], mayNot: () => undefined }), editArm(api, [cronJobs])]
  for (const { remedy, state } of findings) {
    const step: Step | undefined = remedy.find(({ name }) => name !== undefined)
    const arm = state === 'occurring' && step ? arms.find(({ does }) => does === step.do) : undefined
    const isCutOff = await arm?.apply(step as Step).then(
      () => false,
      (error: unknown) => error instanceof CutOff || Promise.reject(error),
    )
    if (isCutOff) break
  }
  return findings.map(({ fact, reason }) => `${reason}: ${fact}`)
}

const isDone = (job: Job): Job => ({ ...job, status: { conditions: [{ type: 'Complete', status: 'True' }] } })

describe('a missed run that is made up for', () => {
  const schedules = ['* * * * *', '*/15 * * * *', '30 * * * *', '7,37 1-3 * * *', '30 2 * * *', '@hourly']
  const anyCase = fc.record({
    schedule: fc.constantFrom(...schedules),
    zone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu'),
    // Around the changes of 2026 in all of these zones, and far from them.
    at: fc.integer({ min: Date.parse('2026-03-01T00:00:00Z') / 1000, max: Date.parse('2026-11-15T00:00:00Z') / 1000 }),
    policy: fc.constantFrom('Allow', 'Forbid', 'Replace'),
    /** In halves: see FakeApi.cutAfter; of several attempts in a row. */
    cuts: fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 3 }),
    /** Minutes until the next attempt. */
    waits: fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 4, maxLength: 4 }),
    finishes: fc.boolean(),
    expires: fc.boolean(),
    conflicts: fc.integer({ min: 0, max: 3 }),
    edits: fc.boolean(),
  })

  type Case = typeof anyCase extends fc.Arbitrary<infer T> ? T : never

  /** Frozen by a few days without a controller, then looked at several times, each of which may be cut off. */
  async function told(one: Case): Promise<{ api: FakeApi; facts: readonly string[]; since: number; end: number }> {
    let now = one.at * 1000
    const since = now - 6.9 * 24 * 60 * minute
    const spec = { template: {}, ...(one.expires && { ttlSecondsAfterFinished: 0 }) }
    const api = new FakeApi({
      metadata: {
        name: 'report',
        namespace: 'shop',
        uid: 'u',
        annotations: {
          'roadcrew.dev/catch-up': '2h',
          'roadcrew.dev/schedule-seen': `${timeText(since - minute)} ${JSON.stringify([one.schedule, '', 'runs'])}`,
        },
      },
      spec: { schedule: one.schedule, concurrencyPolicy: one.policy, jobTemplate: { spec } } as never,
      status: { lastScheduleTime: timeText(since) },
    })
    let { conflicts } = one
    api.meanwhile = () => {
      if (conflicts-- > 0) api.touch()
    }
    const facts: string[] = []
    for (const [place, wait] of one.waits.entries()) {
      api.cutAfter = (one.cuts[place] ?? Number.POSITIVE_INFINITY) / 2
      facts.push(...(await turn(api, now, one.zone)))
      if (one.finishes) api.jobs = one.expires ? [] : api.jobs.map(isDone)
      if (one.edits && place === 1) {
        api.cronJob = { ...api.cronJob, spec: { ...api.cronJob.spec, schedule: '0 0 1 1 *' } as never }
      }
      now += wait * minute
    }
    return { api, facts, since, end: now }
  }

  it('is started once or not at all, for a time that was planned, and what becomes of it is told', async () => {
    const seen = { started: 0, refused: 0 }
    const property = fc.asyncProperty(anyCase, async (one) => {
      const { api, facts, since, end } = await told(one)
      const zone = zones.find(one.zone) ?? utc
      expect(api.made.length).toBeLessThanOrEqual(1)
      for (const planned of api.made) {
        seen.started++
        const at = Date.parse(planned)
        expect(nextRun(parseSchedule(one.schedule, zones), zone, at - 1)).toBe(at)
        expect(one.at * 1000 - at).toBeLessThanOrEqual(120 * minute)
        expect(at).toBeLessThanOrEqual(end)
      }
      // The last turn was not cut off: the status has moved on, and no note is left; or it was never frozen.
      const wasFrozen = facts.some((fact) => fact.startsWith('too-many-missed'))
      const isWaiting = one.policy !== 'Allow' && !one.finishes
      if (!wasFrozen || one.edits || one.cuts.length > 3 || isWaiting) return
      expect(Date.parse(api.cronJob.status?.lastScheduleTime ?? '')).toBeGreaterThan(since)
      expect(api.cronJob.metadata?.annotations).not.toHaveProperty(['roadcrew.dev/catching-up'])
      if (api.made.length > 0) return
      seen.refused++
      expect(facts.some((fact) => fact.startsWith('not-caught-up'))).toBe(true)
    })
    await fc.assert(property, { numRuns: 300 })
    // Both happen.
    expect(seen.started).toBeGreaterThan(20)
    expect(seen.refused).toBeGreaterThan(0)
  })
})
