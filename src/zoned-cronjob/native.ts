// `mode: native`: a CronJob of the cluster's own starts the runs. Pure. What it is to do is decided from the CronJob as it is, one
// write at a time, so that whoever stops anywhere in between and asks again goes on where it was.
//
// Each run is the business of one of the two. Its annotations say which: those after `runs-after` are the CronJob's, till
// `runs-until`, up to which all of its own are done with once it has been suspended for a while.
import { createHash } from 'node:crypto'
import type { CronJob, CronJobSpec, Job } from 'kubernetes-types/batch/v1.js'
import type { Zones } from '../contract/hazard.ts'
import { timeOf, timeText } from '../objects/time.ts'
import { parseSchedule } from '../schedule/parse.ts'
import { type Decision, decide } from './decide.ts'
import { type Delegation, withDelegation } from './delegation.ts'
import { onTime } from './due.ts'
import { inexpressible } from './expressible.ts'
import { ownerLabel, ownJobs } from './jobs.ts'
import type { Plan } from './plan.ts'
import { conditionOf, markOf, withMark, withMissed } from './status.ts'
import { createdAt, invalidity, observedOf, planFor } from './timing.ts'
import { defaults, type ZonedCronJob, type ZonedCronJobStatus } from './zoned-cronjob.ts'

export const runsAfter = 'roadcrew.dev/runs-after'
export const runsUntil = 'roadcrew.dev/runs-until'
const specHash = 'roadcrew.dev/spec-hash'

/** The cluster's controller may act by what it saw this long (ms) ago. */
export const settles = 15_000

export type NativeStep =
  | { readonly do: 'create CronJob'; readonly cronJob: CronJob }
  /** Nothing up to here is due by it any more (RFC 3339); in its status. */
  | { readonly do: 'set last schedule'; readonly to: string }
  | {
      readonly do: 'edit CronJob'
      /** The whole of it. */
      readonly spec: CronJobSpec
      /** null: taken away. */
      readonly annotations: Readonly<Record<string, string | null>>
    }

/** Steps come first, one after the other, then it is asked anew; without any the decision counts. */
export type Way =
  | { readonly steps: readonly NativeStep[]; readonly told?: string }
  /** `fresh`: only by what the API server itself says now. */
  | { readonly steps: readonly []; readonly decision: Decision; readonly fresh?: true; readonly told?: string }

/** Why the API server does not take the CronJob, as it was found out by asking. */
export interface Unusable {
  readonly reason: 'NoTimeZone' | 'NameTaken' | 'Refused'
  readonly message: string
}

export interface Seen {
  readonly zcj: ZonedCronJob
  /** That it owns. */
  readonly cronJob: CronJob | undefined
  readonly jobs: readonly Job[]
  readonly unusable?: Unusable | undefined
}

/** @param now ms UTC. */
export function wayOf(seen: Seen, now: number, zones: Zones): Way {
  const { zcj, cronJob } = seen
  if (zcj.metadata?.deletionTimestamp !== undefined) return { steps: [], decision: { actions: [], again: false } }
  if ((zcj.spec.mode ?? defaults.mode) === 'zoned' && !cronJob) {
    return { steps: [], decision: decide(zcj, seen.jobs, now, zones) }
  }
  return new Finding(seen, now, zones).way()
}

class Finding {
  readonly #seen: Seen
  readonly #now: number
  readonly #zones: Zones
  readonly #plan: Plan | undefined

  constructor(seen: Seen, now: number, zones: Zones) {
    this.#seen = seen
    this.#now = now
    this.#zones = zones
    const plan =
      invalidity(seen.zcj) === undefined ? planFor(observedOf(seen.zcj), createdAt(seen.zcj), zones) : undefined
    this.#plan = plan && !('reason' in plan) ? plan : undefined
  }

  way(): Way {
    const { cronJob } = this.#seen
    const { [runsAfter]: after, [runsUntil]: until } = cronJob?.metadata?.annotations ?? {}
    const obstacle = this.#obstacle()
    if (!cronJob && conditionOf(this.#seen.zcj.status, 'Delegated')?.status === 'True') return this.#gone()
    if (cronJob && after !== undefined && until !== undefined) return this.#takeBack(cronJob, after, until)
    if (cronJob && after !== undefined) return obstacle ? this.#end(cronJob) : this.#native(cronJob, after)
    return obstacle ? this.#zoned(obstacle) : this.#handOver(cronJob)
  }

  /** Why a CronJob does not start the runs; `zoned`: nobody asks for it. */
  #obstacle(): 'zoned' | { readonly reason: string; readonly message: string } | undefined {
    const { zcj, unusable } = this.#seen
    if ((zcj.spec.mode ?? defaults.mode) === 'zoned') return 'zoned'
    const zone = this.#zones.find(zcj.spec.timeZone ?? defaults.timeZone)
    if (!this.#plan || !zone) return { reason: 'Invalid', message: 'the spec can not be used' }
    const schedule = parseSchedule(zcj.spec.schedule, this.#zones)
    const message = inexpressible(zcj.spec, schedule, zone, this.#plan, this.#now)
    return message === undefined ? unusable : { reason: 'NotExpressible', message }
  }

  #zoned(obstacle: 'zoned' | { readonly reason: string; readonly message: string }): Way {
    const { zcj, jobs } = this.#seen
    const delegation = obstacle === 'zoned' ? undefined : notNative(obstacle.reason, obstacle.message)
    return this.#decided(decide(zcj, jobs, this.#now, this.#zones, delegation), delegation)
  }

  /** First all that is due is started; then the CronJob is made, which is suspended; then the next runs are its own. */
  #handOver(cronJob: CronJob | undefined): Way {
    const { zcj, jobs } = this.#seen
    const isBusy =
      (zcj.spec.concurrencyPolicy ?? defaults.concurrencyPolicy) !== 'Allow' &&
      ownJobs(zcj, jobs).some(({ finished }) => !finished)
    const delegation = isBusy
      ? notNative('StillRunning', 'a Job is not finished, of which a CronJob would not know')
      : notNative('HandingOver', `CronJob ${zcj.metadata?.name} is to start the next runs`)
    const decision = decide(zcj, jobs, this.#now, this.#zones, delegation)
    // Where the clock went back the CronJob would start again what was started.
    if (isBusy || markOf(zcj) > this.#now) return this.#decided(decision, delegation)
    const hasMore = decision.again || decision.actions.some((action) => action.do !== 'delete')
    if (hasMore) return this.#decided({ ...decision, again: true }, delegation)
    const spec = cronJobSpec(zcj)
    if (!cronJob) return { steps: [{ do: 'create CronJob', cronJob: cronJobFor(zcj, spec) }] }
    const annotations = { [runsAfter]: timeText(this.#now), [specHash]: hashOf(spec) }
    const told = `CronJob ${cronJob.metadata?.name} starts the runs after ${timeText(this.#now)}`
    return { steps: [...this.#setLast(cronJob), { do: 'edit CronJob', spec, annotations }], told }
  }

  #native(cronJob: CronJob, after: string): Way {
    const { zcj, jobs } = this.#seen
    const spec = cronJobSpec(zcj)
    if (differs(cronJob, spec)) {
      const edit = { do: 'edit CronJob', spec, annotations: { [specHash]: hashOf(spec) } } as const
      const { schedule, timeZone, suspend } = cronJob.spec ?? {}
      const isOtherTiming = schedule !== spec.schedule || timeZone !== spec.timeZone || (suspend && !spec.suspend)
      if (!isOtherTiming) return { steps: [edit] }
      // By its next look nothing of the past is due, neither by an edit nor by the end of a suspension (kubernetes#130838).
      const annotations = { ...edit.annotations, [runsAfter]: timeText(this.#now) }
      return { steps: [...this.#setLast(cronJob), { ...edit, annotations }] }
    }
    const { active = [], lastScheduleTime, lastSuccessfulTime } = cronJob.status ?? {}
    const [since, last] = [timeOf(after) ?? 0, timeOf(lastScheduleTime) ?? 0]
    const delegation = {
      isNative: true,
      ...{ reason: 'Native', message: `CronJob ${cronJob.metadata?.name} starts the runs after ${after}` },
      active: active.length,
      // What was set at a hand-over is no run.
      lastSchedule: last > since ? last : undefined,
      lastSuccess: timeOf(lastSuccessfulTime),
    }
    const settled = { ...zcj, status: withMark(zcj.status ?? {}, Math.max(since, last)) }
    return { steps: [], decision: decide(settled, jobs, this.#now, this.#zones, delegation) }
  }

  #end(cronJob: CronJob): Way {
    const until = timeText(this.#now)
    const spec = { ...cronJob.spec, suspend: true } as CronJobSpec
    return { steps: [{ do: 'edit CronJob', spec, annotations: { [runsUntil]: until } }] }
  }

  /** Up to `until` all was the CronJob's. What it has not started by now it never will, since it is suspended. */
  #takeBack(cronJob: CronJob, after: string, until: string): Way {
    const { zcj } = this.#seen
    const ended = timeOf(until) ?? this.#now
    const active = cronJob.status?.active?.length ?? 0
    const isBusy = active > 0 && (zcj.spec.concurrencyPolicy ?? defaults.concurrencyPolicy) !== 'Allow'
    if (this.#now < ended + settles || isBusy) return this.#waits(cronJob, isBusy, ended + settles)
    const mark = Math.max(ended, timeOf(cronJob.status?.lastScheduleTime) ?? 0)
    const from = Math.max(timeOf(after) ?? 0, timeOf(cronJob.status?.lastScheduleTime) ?? 0)
    if (markOf(zcj) < mark) return this.#settled(zcj.status ?? {}, from, mark)
    const told = `Roadcrew starts the runs after ${timeText(mark)} itself`
    const annotations = { [runsAfter]: null, [runsUntil]: null }
    return { steps: [{ do: 'edit CronJob', spec: cronJob.spec as CronJobSpec, annotations }], told }
  }

  #waits(cronJob: CronJob, isBusy: boolean, wakesAt: number): Way {
    const { zcj } = this.#seen
    const why = isBusy ? 'for the end of its Jobs' : 'until it surely starts none any more'
    const delegation = notNative('TakingBack', `CronJob ${cronJob.metadata?.name} is suspended; this waits ${why}`)
    const before = conditionOf(zcj.status, 'Delegated')
    const isNews = before?.reason !== delegation.reason || before.message !== delegation.message
    const { generation } = zcj.metadata ?? {}
    const status = withDelegation(zcj.status ?? {}, delegation, this.#now, generation)
    const actions = isNews ? ([{ do: 'status', status }] as const) : []
    return { steps: [], decision: { actions, again: false, wakesAt: Math.max(wakesAt, this.#now + 1_000) } }
  }

  /** Somebody deleted it, and its Jobs with it. What it started before is not known, so nothing of that time is started. */
  #gone(): Way {
    const { zcj } = this.#seen
    const delegation = notNative('Deleted', `CronJob ${zcj.metadata?.name} was deleted`)
    const status = withDelegation(zcj.status ?? {}, delegation, this.#now, zcj.metadata?.generation)
    return this.#settled(status, 0, this.#now)
  }

  /** The mark is written before the annotations go: cut off in between, nothing is counted a second time. */
  #settled(status: ZonedCronJobStatus, notBefore: number, mark: number): Way {
    const { zcj } = this.#seen
    const from = Math.max(notBefore, markOf(zcj))
    const { observed } = zcj.status ?? {}
    const old = observed && planFor(observed, createdAt(zcj), this.#zones)
    const plan = old && !('reason' in old) && !observed.suspend ? old : undefined
    const count = plan?.count(from, mark) ?? 0
    const [first, last] = [plan?.next(from)?.at, plan?.latest(from, mark)]
    const marked = withMark(status, mark)
    const counted =
      count > 0 && first !== undefined && last !== undefined
        ? withMissed(marked, { reason: 'TakenBack', count, first: timeText(first), last: timeText(last) }, false)
        : marked
    return { steps: [], decision: { actions: [{ do: 'status', status: counted }], again: true }, fresh: true }
  }

  /** Where it knows of no run it counts from its creation. */
  #setLast({ metadata, status }: CronJob): readonly NativeStep[] {
    const last = timeOf(status?.lastScheduleTime) ?? timeOf(metadata?.creationTimestamp) ?? 0
    const planned = this.#plan?.latest(last, this.#now)
    return planned === undefined ? [] : [{ do: 'set last schedule', to: timeText(planned) }]
  }

  #decided(decision: Decision, delegation: Delegation | undefined): Way {
    const before = conditionOf(this.#seen.zcj.status, 'Delegated')
    const isNews = delegation && before?.message !== delegation.message && isObstacle(delegation.reason)
    return { steps: [], decision, ...(isNews && { told: `Roadcrew starts the runs itself: ${delegation.message}` }) }
  }
}

const notNative = (reason: string, message: string): Delegation => ({ isNative: false, reason, message })
const isObstacle = (reason: string): boolean => reason !== 'HandingOver' && reason !== 'StillRunning'

/** The same wishes as a CronJob's. A run is as late as here at most: `skip` and a deadline of missed runs are its deadline. */
export function cronJobSpec({ spec }: ZonedCronJob): CronJobSpec {
  const { missedRuns = {}, startingDeadlineSeconds } = spec
  const forMissed = missedRuns.policy === 'skip' ? 0 : missedRuns.deadlineSeconds
  const deadlines = [startingDeadlineSeconds, forMissed === undefined ? undefined : Math.max(onTime / 1000, forMissed)]
  const deadline = Math.min(...deadlines.filter((seconds) => seconds !== undefined))
  return {
    schedule: spec.schedule,
    timeZone: spec.timeZone ?? defaults.timeZone,
    concurrencyPolicy: spec.concurrencyPolicy ?? defaults.concurrencyPolicy,
    suspend: spec.suspend ?? false,
    successfulJobsHistoryLimit: spec.successfulJobsHistoryLimit ?? defaults.successfulJobsHistoryLimit,
    failedJobsHistoryLimit: spec.failedJobsHistoryLimit ?? defaults.failedJobsHistoryLimit,
    ...(Number.isFinite(deadline) && { startingDeadlineSeconds: deadline }),
    jobTemplate: spec.jobTemplate,
  }
}

/** Suspended: it starts nothing before it is handed the runs. */
function cronJobFor({ metadata }: ZonedCronJob, spec: CronJobSpec): CronJob {
  const { name = '', uid = '', namespace } = metadata ?? {}
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      labels: { [ownerLabel]: name },
      annotations: { [specHash]: hashOf(spec) },
      ownerReferences: [{ apiVersion: 'roadcrew.dev/v1', kind: 'ZonedCronJob', name, uid, controller: true }],
    },
    spec: { ...spec, suspend: true },
  }
}

/** The template is told by what was written, since the API server fills it up; somebody's own edit of the rest is undone. */
function differs({ metadata, spec }: CronJob, wished: CronJobSpec): boolean {
  if (metadata?.annotations?.[specHash] !== hashOf(wished)) return true
  return plainFields.some((field) => spec?.[field] !== wished[field])
}

const plainFields = [
  ...(['schedule', 'timeZone', 'suspend', 'concurrencyPolicy', 'startingDeadlineSeconds'] as const),
  ...(['successfulJobsHistoryLimit', 'failedJobsHistoryLimit'] as const),
]

const hashOf = (spec: CronJobSpec): string =>
  createHash('sha256').update(JSON.stringify(spec)).digest('hex').slice(0, 16)
