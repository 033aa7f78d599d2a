// What is to be done for one ZonedCronJob now. Pure. It decides one thing at a time: a run is started, then the mark is written;
// whoever stops anywhere in between and asks again goes on where it was.
import type { Job } from 'kubernetes-types/batch/v1.js'
import type { Zones } from '../contract/hazard.ts'
import { timeOf, timeText } from '../objects/time.ts'
import { type CleanReason, cleaningOf } from './clean.ts'
import { type Delegation, withDelegation } from './delegation.ts'
import { type Due, dueOf } from './due.ts'
import { jobFor, type OwnJob, ownJobs } from './jobs.ts'
import type { Plan } from './plan.ts'
import {
  conditionOf,
  markOf,
  sameStatus,
  withCondition,
  withJobs,
  withMark,
  withMissed,
  withStarted,
} from './status.ts'
import { createdAt, type Invalid, invalidity, observedOf, planFor, previewOf, sameTiming, spreadOf } from './timing.ts'
import {
  defaults,
  type MissedReason,
  type Observed,
  type ZonedCronJob,
  type ZonedCronJobStatus,
} from './zoned-cronjob.ts'

/** In the order in which they are to be done; each only if those before it were. */
export type Action =
  /** A Job of this name that is its own counts as created. `run`: for when it is planned, ms UTC. */
  | { readonly do: 'create'; readonly run: number; readonly job: Job }
  /** The whole status, written only if nobody else wrote since. */
  | { readonly do: 'status'; readonly status: ZonedCronJobStatus }
  | { readonly do: 'delete'; readonly name: string; readonly uid: string; readonly why: CleanReason }
  | { readonly do: 'tell'; readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly message: string }

export interface Decision {
  readonly actions: readonly Action[]
  /** Something was settled: there may be more to decide at once, with what was written. */
  readonly again: boolean
  /** When to decide again at the latest, ms UTC; undefined: only when something changes. */
  readonly wakesAt?: number
}

/** So long (ms) after a turn whose deletions were not all of them comes the next. */
const cleansAgain = 1_000
/** A mark that lies further ahead (ms) means that the clock went back; it may differ a little from that of who wrote it. */
const clockTolerance = 10_000

/**
 * @param jobs of its namespace, or more: its own are chosen. @param now ms UTC.
 * @param delegation what is to be said of `mode: native`, and whether a CronJob starts the runs.
 */
export function decide(
  zcj: ZonedCronJob,
  jobs: readonly Job[],
  now: number,
  zones: Zones,
  delegation?: Delegation,
): Decision {
  if (zcj.metadata?.deletionTimestamp !== undefined) return { actions: [], again: false }
  return new Deciding(zcj, ownJobs(zcj, jobs), now, zones, delegation).decide()
}

class Deciding {
  readonly #zcj: ZonedCronJob
  readonly #jobs: readonly OwnJob[]
  readonly #now: number
  readonly #zones: Zones
  readonly #mark: number
  readonly #observed: Observed
  readonly #delegation: Delegation | undefined

  constructor(
    zcj: ZonedCronJob,
    jobs: readonly OwnJob[],
    now: number,
    zones: Zones,
    delegation: Delegation | undefined,
  ) {
    this.#delegation = delegation
    this.#zcj = zcj
    this.#jobs = jobs
    this.#now = now
    this.#zones = zones
    this.#mark = markOf(zcj)
    this.#observed = observedOf(zcj)
  }

  decide(): Decision {
    const plan = invalidity(this.#zcj) ?? planFor(this.#observed, createdAt(this.#zcj), this.#zones)
    if ('reason' in plan) return this.#invalid(plan)
    const before = this.#zcj.status?.observed
    const isNew = before === undefined && this.#zcj.status?.highWaterMark === undefined
    // One that was edited before anybody saw it: what was wished when is not known.
    if (isNew && (this.#zcj.metadata?.generation ?? 1) > 1 && !this.#observed.suspend) {
      return this.#settle(this.#observed, 'ScheduleChanged', plan)
    }
    if (before === undefined && !isNew) return this.#settle(undefined, 'ScheduleChanged', plan)
    if (before && !sameTiming(before, this.#observed)) {
      return this.#settle(before, before.suspend ? 'Suspended' : 'ScheduleChanged', plan)
    }
    if (before && before.suspend !== this.#observed.suspend) return this.#settle(before, 'Suspended', plan)
    if (this.#observed.suspend || this.#delegation?.isNative) return this.#rest(plan)
    const due = dueOf(this.#zcj.spec, plan, { mark: this.#mark, now: this.#now, spread: spreadOf(this.#zcj) })
    return due ? this.#onDue(plan, due) : this.#rest(plan)
  }

  /** Nothing is due: the status is brought up to date, and finished Jobs are cleaned. */
  #rest(plan: Plan): Decision {
    const status = this.#unblocked(this.#said(this.#base(), plan), plan)
    return this.#with([], status, plan)
  }

  /** What was due by the timing of before is missed now, since nothing of the past becomes due by an edit. */
  #settle(before: Observed | undefined, reason: MissedReason, plan: Plan): Decision {
    const old = before && planFor(before, createdAt(this.#zcj), this.#zones)
    const [missed, tells] =
      old && !('reason' in old) ? this.#missed(this.#base(), old, this.#now, reason) : [this.#base(), []]
    const status = this.#unblocked(this.#said(withMark(missed, Math.max(this.#mark, this.#now)), plan), plan)
    return { actions: [{ do: 'status', status }, ...tells], again: true }
  }

  #onDue(plan: Plan, due: Due): Decision {
    const blocked = conditionOf(this.#zcj.status, 'Blocked')
    const reason = (blocked?.status === 'True' && asMissed(blocked.reason)) || due.reason
    const [settled, tells] =
      due.missedUpTo === undefined ? [this.#base(), []] : this.#missed(this.#base(), plan, due.missedUpTo, reason)
    const missed = due.missedUpTo === undefined ? settled : withMark(settled, due.missedUpTo)
    if (due.start === undefined) {
      const status = this.#unblocked(this.#said(missed, plan), plan)
      return { actions: [{ do: 'status', status }, ...tells], again: true }
    }
    const active = this.#jobs.filter(({ finished, planned }) => !finished && planned !== due.start)
    const isStarted = this.#jobs.some(({ planned }) => planned === due.start)
    const policy = this.#zcj.spec.concurrencyPolicy ?? defaults.concurrencyPolicy
    if (!isStarted && policy === 'Forbid' && active.length > 0) return this.#wait(plan, due, missed, tells, active)
    const isReplacing = !isStarted && policy === 'Replace'
    // A Job is deleted only once its time is in the mark, since till then it alone says that its run was started.
    if (isReplacing && due.missedUpTo !== undefined && active.some(({ planned }) => planned > this.#mark)) {
      return { actions: [{ do: 'status', status: this.#said(missed, plan) }, ...tells], again: true }
    }
    const isReplaced = ({ planned, isBeingDeleted }: OwnJob): boolean => planned <= this.#mark && !isBeingDeleted
    const replaced = isReplacing ? active.filter(isReplaced) : []
    const status = withStarted(withMark(missed, due.start), due.start)
    const more = isStarted ? 0 : 1
    const counted = { ...status, active: (status.active ?? 0) + more }
    const actions: Action[] = [
      ...replaced.map(({ name, uid }): Action => ({ do: 'delete', name, uid, why: 'replaced' })),
      ...(isStarted ? [] : [{ do: 'create', run: due.start, job: jobFor(this.#zcj, due.start) } as const]),
      { do: 'status', status: this.#unblocked(this.#said(counted, plan), plan) },
      ...tells,
    ]
    // While it is refused nothing else would clean. With a quota in the way room is made first: its own finished Jobs may be
    // what fills it (kubernetes#119775).
    const isRetry = blocked?.status === 'True' && !isStarted
    const room = isRetry ? this.#cleaning(blocked.reason === 'QuotaExceeded').actions : []
    return { actions: [...room, ...actions], again: true }
  }

  /** Forbid: a run waits for the end of an earlier one as long as it may start at all. */
  #wait(
    plan: Plan,
    { start = 0, startBy = Number.POSITIVE_INFINITY }: Due,
    missed: ZonedCronJobStatus,
    tells: readonly Action[],
    active: readonly OwnJob[],
  ): Decision {
    const message = `the run planned for ${timeText(start)} waits for the end of ${active.map(({ name }) => name).join(', ')}`
    const said = this.#said(missed, plan)
    const status = this.#condition(said, 'Blocked', 'True', 'StillRunning', message)
    return this.#with(tells, status, plan, startBy + 1)
  }

  #invalid({ reason, field, message }: Invalid): Decision {
    const { observed: before } = this.#zcj.status ?? {}
    const old = before && planFor(before, createdAt(this.#zcj), this.#zones)
    const why = before?.suspend ? 'Suspended' : 'ScheduleChanged'
    const [missed, tells] =
      old && !('reason' in old) ? this.#missed(this.#base(), old, this.#now, why) : [this.#base(), []]
    const { observed: _, preview: __, ...rest } = before ? withMark(missed, this.#now) : missed
    // The mark is kept also by one that was never valid, so that what it named meanwhile is not due when it is corrected.
    const marked = rest.highWaterMark === undefined ? withMark(rest, this.#mark) : rest
    const status = this.#condition(marked, 'Valid', 'False', reason, `${field}: ${message}`)
    const told = conditionOf(this.#zcj.status, 'Valid')
    const isNews = told?.status !== 'False' || told.message !== `${field}: ${message}`
    const tell: Action = { do: 'tell', type: 'Warning', reason, message: `${field}: ${message}` }
    return this.#with([...tells, ...(isNews ? [tell] : [])], status)
  }

  /** The status, if it says anything new, then what there is to tell and to clean. */
  #with(tells: readonly Action[], status: ZonedCronJobStatus, plan?: Plan, alsoAt?: number): Decision {
    const isNew = !sameStatus(status, this.#zcj.status ?? {})
    const { actions, wakesAt } = this.#cleaning(false)
    const next =
      plan && !this.#observed.suspend ? plan.next(Math.max(this.#mark, this.#now - spreadOf(this.#zcj))) : undefined
    const wakes = [wakesAt, alsoAt, next && next.at + spreadOf(this.#zcj)].filter(
      (at) => at !== undefined && Number.isFinite(at),
    ) as number[]
    return {
      actions: [...(isNew ? [{ do: 'status', status } as const] : []), ...tells, ...actions],
      again: false,
      ...(wakes.length > 0 && { wakesAt: Math.min(...wakes) }),
    }
  }

  #cleaning(quota: boolean): { readonly actions: readonly Action[]; readonly wakesAt: number | undefined } {
    const { jobs, more, nextAt } = cleaningOf(this.#zcj.spec, this.#jobs, {
      mark: this.#persistedMark(),
      now: this.#now,
      quota,
    })
    return {
      actions: jobs.map(({ job: { name, uid }, why }) => ({ do: 'delete', name, uid, why })),
      wakesAt: more ? this.#now + cleansAgain : nextAt,
    }
  }

  /** What its creation alone says is in no status yet. */
  #persistedMark(): number {
    return this.#zcj.status?.highWaterMark === undefined ? Number.NEGATIVE_INFINITY : this.#mark
  }

  #base(): ZonedCronJobStatus {
    const { generation } = this.#zcj.metadata ?? {}
    const status = { ...this.#zcj.status, ...(generation !== undefined && { observedGeneration: generation }) }
    return withDelegation(withJobs(status, this.#jobs), this.#delegation, this.#now, generation)
  }

  /** Counts the runs from the mark up to `upTo`; those of which there is a Job were started. */
  #missed(
    status: ZonedCronJobStatus,
    plan: Plan,
    upTo: number,
    reason: MissedReason,
  ): readonly [ZonedCronJobStatus, readonly Action[]] {
    const runs = new Set(this.#jobs.map(({ planned }) => planned))
    const started = [...runs].filter((run) => run > this.#mark && run <= upTo && plan.count(run - 1, run) > 0)
    const count = plan.count(this.#mark, upTo) - started.length
    const noted = started.reduce(withStarted, status)
    const [first, last] = [plan.next(this.#mark)?.at, plan.latest(this.#mark, upTo)]
    if (count <= 0 || first === undefined || last === undefined) return [noted, []]
    const missed = { reason, count, first: timeText(first), last: timeText(last) }
    const which =
      count === 1 && first === last
        ? `the run planned for ${missed.first}`
        : `${count} runs from ${missed.first} to ${missed.last}`
    const message = `${which} ${count === 1 ? 'was' : 'were'} not started: ${reason}`
    const before = timeOf(noted.missed?.recent[0]?.last)
    const joins = before !== undefined && plan.count(before, first - 1) === 0
    return [withMissed(noted, missed, joins), [{ do: 'tell', type: 'Warning', reason: 'RunsMissed', message }]]
  }

  /** That the spec can be used, by which timing the mark is counted, and what comes next. */
  #said(status: ZonedCronJobStatus, plan: Plan): ZonedCronJobStatus {
    const mark = Math.max(this.#mark, markOf({ ...this.#zcj, status }))
    const { timeZone, suspend } = this.#observed
    const preview = suspend
      ? []
      : previewOf(plan, timeZone, this.#zones, Math.max(mark, this.#now - spreadOf(this.#zcj)))
    const never = preview.length === 0 && !suspend
    const message = never ? 'the next five years have no run' : suspend ? 'it is suspended' : 'its runs are planned'
    const reason = never ? 'NoRuns' : suspend ? 'Suspended' : 'Planned'
    const marked = status.highWaterMark === undefined ? withMark(status, mark) : status
    return this.#condition({ ...marked, observed: this.#observed, preview }, 'Valid', 'True', reason, message)
  }

  /** No run waits, unless the clock went back: then those that it comes to again were started or missed before. */
  #unblocked(status: ZonedCronJobStatus, plan: Plan): ZonedCronJobStatus {
    const next = this.#mark > this.#now + clockTolerance ? plan.next(this.#now)?.at : undefined
    const isAhead = next !== undefined && next <= this.#mark
    return isAhead
      ? this.#condition(
          status,
          'Blocked',
          'True',
          'ClockBehind',
          `all runs up to ${timeText(this.#mark)} were started or missed already: the clock went back, or was ahead`,
        )
      : this.#condition(status, 'Blocked', 'False', 'NothingWaits', 'no run is due')
  }

  #condition(
    status: ZonedCronJobStatus,
    type: 'Valid' | 'Blocked',
    state: 'True' | 'False',
    reason: string,
    message: string,
  ): ZonedCronJobStatus {
    return withCondition(status, { type, status: state, reason, message }, this.#now, this.#zcj.metadata?.generation)
  }
}

const asMissed = (reason: string): MissedReason | undefined =>
  reason === 'StillRunning' || reason === 'QuotaExceeded' || reason === 'Refused' ? reason : undefined
