// Which missed run is made up for, where the CronJob's owner asked for it. Pure: what is done is a step like any other.
import type { CronJob } from 'kubernetes-types/batch/v1.js'
import type { Finding, Item, Step, Subject } from '../../contract/hazard.ts'
import { isUnread } from '../../contract/reads.ts'
import { seen } from '../../contract/verdicts.ts'
import { DurationError, parseDuration } from '../../objects/duration.ts'
import { asJson } from '../../objects/json.ts'
import { durationText, timeOf, timeText } from '../../objects/time.ts'
import { latestRun } from '../../schedule/runs.ts'
import { type Judging, lastRun } from './judging.ts'
import { correctBy } from './remedy.ts'

/** How late a missed run may be made up for, as Go writes durations: the wish of the CronJob's owner. */
export const wishKey = 'roadcrew.dev/catch-up'
/** For when the run was planned that is being made up for; there while it is. */
export const noteKey = 'roadcrew.dev/catching-up'
/** Since when its schedule has been seen to be what it is: a run of before was perhaps planned by nobody. */
export const seenKey = 'roadcrew.dev/schedule-seen'

export type Wish = { readonly mostMs: number } | { readonly wrong: string } | undefined

export function wishOf({ metadata }: CronJob): Wish {
  const text = metadata?.annotations?.[wishKey]
  if (text === undefined) return undefined
  try {
    const mostMs = Number(parseDuration(text) / 1_000_000n)
    return mostMs > 0 ? { mostMs } : { wrong: `${JSON.stringify(text)} is not longer than nothing` }
  } catch (error) {
    if (error instanceof DurationError) return { wrong: error.message }
    throw error
  }
}

/** The annotation says nothing that can be used: nothing is made up for. */
export function invalidWish({ subject, object }: Item<CronJob>): Finding | undefined {
  const wish = wishOf(object)
  if (!wish || !('wrong' in wish)) return undefined
  const value = object.metadata?.annotations?.[wishKey] ?? ''
  return {
    reason: 'invalid-catch-up',
    state: 'occurring',
    severity: 'low',
    fact: `its annotation ${wishKey} is no duration, so no missed run is made up for: ${wish.wrong}`,
    evidence: [seen(wishKey, value, subject, 'metadata', 'annotations', wishKey)],
    remedy: [correctBy(`set ${wishKey} to the lateness that is acceptable, such as 2h or 45m`)],
  }
}

/**
 * What decides for when runs are planned, as it is noted. A suspension is part of it: what falls into one nobody misses. It is
 * kept on the CronJob, since who watches may be another one by then, and releases that freeze tell nothing of edits: they count
 * no generation of CronJobs, and the times of managedFields stay as they are when one manager edits its own value (seen in 1.20).
 */
const saysOf = ({ spec }: CronJob): string =>
  JSON.stringify([spec?.schedule ?? '', spec?.timeZone ?? '', spec?.suspend === true ? 'suspended' : 'runs'])

/** ms UTC; undefined: nobody noted it as it is now. */
function seenSince(cronJob: CronJob): number | undefined {
  const [, time, says] = /^(\S+) (.*)$/.exec(cronJob.metadata?.annotations?.[seenKey] ?? '') ?? []
  return says === saysOf(cronJob) ? timeOf(time) : undefined
}

/** Who wants missed runs to be made up for needs somebody who notes how the schedule was. */
export function unseenSchedule({ subject, object }: Item<CronJob>, now: number): Finding | undefined {
  const wish = wishOf(object)
  if (!wish || 'wrong' in wish || seenSince(object) !== undefined) return undefined
  const before = object.metadata?.annotations?.[seenKey]
  const path = ['metadata', 'annotations', seenKey]
  return {
    reason: 'unseen-schedule',
    state: 'occurring',
    severity: 'low',
    fact: `its annotation ${wishKey} asks for missed runs, and nobody has noted since when its schedule is what it is`,
    evidence: [
      seen('schedule', object.spec?.schedule ?? null, subject, 'spec', 'schedule'),
      seen(seenKey, before ?? null, subject, ...path),
    ],
    remedy: [
      ...('cluster' in subject.source ? [noteSchedule(subject, before, `${timeText(now)} ${saysOf(object)}`)] : []),
      correctBy('let roadcrew controller take the steps note-schedule, catch-up and thaw'),
    ],
  }
}

const noteSchedule = (target: Subject, before: string | undefined, after: string): Step => ({
  do: 'edit',
  name: 'note-schedule',
  why: 'a run that is missed from now on can then be told from one that nobody planned',
  target,
  changes: [{ path: ['metadata', 'annotations', seenKey], before, after }],
})

/**
 * `start`: the run that is made up for (all times ms UTC); `waits`: it will be once that is over; `not`: it is not, and why.
 * `noted`: the note that is there.
 */
export type CatchUp = { readonly noted?: string } & (
  | { readonly start: number }
  | { readonly waits: string; readonly run: number }
  | { readonly not: string; readonly run: number }
)

/**
 * Of all missed runs the latest, if it is not later than was asked for: one, since both native controllers make up for no more.
 * @returns undefined if nobody asked for it, or nothing was missed.
 */
export function catchUp(judging: Judging): CatchUp | undefined {
  const { item, context, timing, since } = judging
  const wish = wishOf(item.object)
  const text = item.object.metadata?.annotations?.[noteKey]
  const begun = timeOf(text)
  // What the status has left behind was done, or somebody else did it.
  const isOpen = begun !== undefined && begun > since && begun <= context.now
  const run = isOpen ? begun : latestRun(timing.schedule, timing.zone, since, context.now)
  if (run === undefined || (!isOpen && (!wish || 'wrong' in wish))) return undefined
  const noted = text === undefined ? {} : { noted: text }
  const made = isOpen ? madeFor(judging, run) : 'none'
  if (made === 'unread') return { ...noted, run, waits: 'its Jobs can be read' }
  if (made !== 'none') return { ...noted, start: run }
  if (isOpen && mayBeGone(item.object)) {
    const not = 'it was begun, and its Job, which is deleted when it ends, is not there: it may have run'
    return { ...noted, run, not }
  }
  const not = whyNot(judging, wish && 'mostMs' in wish ? wish.mostMs : 0, run)
  if (not !== undefined) return { ...noted, run, not }
  const waits = whyLater(judging)
  return waits === undefined ? { ...noted, start: run } : { ...noted, run, waits }
}

/** Whether the Job of a run that was begun is there: it has to be finished then, whatever has changed since. */
function madeFor({ item, ownJobs }: Judging, run: number): 'there' | 'none' | 'unread' {
  if (isUnread(ownJobs)) return 'unread'
  return ownJobs.some(({ object }) => object.name === jobName(item.subject.name, run)) ? 'there' : 'none'
}

/** While nothing else is started a finished Job is deleted only by these (cleanupFinishedJobs, the TTL controller). */
const mayBeGone = ({ spec }: CronJob): boolean =>
  spec?.jobTemplate?.spec?.ttlSecondsAfterFinished !== undefined ||
  spec?.successfulJobsHistoryLimit === 0 ||
  spec?.failedJobsHistoryLimit === 0

function whyNot({ item, context, deadline }: Judging, mostMs: number, run: number): string | undefined {
  const late = context.now - run
  const since = seenSince(item.object)
  if (since === undefined) return 'since when its schedule is what it is was not noted, so perhaps nobody planned it'
  if (run <= since) return `its schedule is known to be what it is only since ${timeText(since)}`
  if (late > mostMs) return `it is late by ${durationText(late)}, and ${wishKey} allows ${durationText(mostMs)}`
  if (deadline && 'seconds' in deadline && late > deadline.seconds * 1000) {
    return `it is late by ${durationText(late)}, and startingDeadlineSeconds is ${deadline.seconds}`
  }
  return undefined
}

/** Where runs are not to be at once, one that is running is waited for: to end it is for people. */
function whyLater({ item, ownJobs }: Judging): string | undefined {
  const policy = item.object.spec?.concurrencyPolicy ?? 'Allow'
  if (policy === 'Allow') return undefined
  if (isUnread(ownJobs)) return 'its Jobs can be read'
  const active = item.object.status?.active?.[0]?.name
  const running = active ?? ownJobs.find(({ object }) => object.finished === undefined)?.object.name
  return running === undefined ? undefined : `Job ${running} has ended (${policy})`
}

/**
 * Not as a native controller would name it: one of 1.20 that finds its own name taken tries for ever. A CronJob's name has 52
 * characters at most and a Job's 63; minutes have five digits to the base of 36 until 2084.
 */
export const jobName = (cronJob: string, run: number): string =>
  `${cronJob}-late-${Math.floor(run / 60_000).toString(36)}`

/** The smallest remedies where a run is made up for; undefined: it is not, and the CronJob is thawed without. */
export function catchUpSteps(judging: Judging, decided: CatchUp | undefined): Step[] | undefined {
  if (!decided || 'not' in decided) return undefined
  if ('waits' in decided) {
    return [correctBy(`the run planned for ${timeText(decided.run)} is made up for when ${decided.waits}`)]
  }
  const { subject, object } = judging.item
  if (!('cluster' in subject.source)) return undefined
  return [creation(judging.item, decided.start, object.status?.lastScheduleTime)]
}

function creation({ subject, object }: Item<CronJob>, run: number, before: string | undefined): Step {
  const { metadata, spec } = object.spec?.jobTemplate ?? {}
  const planned = timeText(run)
  return {
    do: 'create',
    name: 'catch-up',
    why: `the run planned for ${planned} is started late, once, and the controller counts from it; the next planned one comes`,
    target: subject,
    object: {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: {
        name: jobName(subject.name, run),
        labels: { ...metadata?.labels },
        // As native controllers note it from 1.28 on.
        annotations: { ...metadata?.annotations, 'batch.kubernetes.io/cronjob-scheduled-timestamp': planned },
      },
      spec: asJson(spec ?? {}),
    },
    note: { key: noteKey, value: planned },
    given: [{ path: ['spec'], value: asJson(object.spec ?? {}) }],
    changes: [{ path: ['status', 'lastScheduleTime'], before, after: planned }],
    refer: ['status', 'active'],
  }
}

/** A run that its owner wanted to be made up for and that is not. */
export function notCaughtUp(judging: Judging, decided: CatchUp | undefined): Finding[] {
  if (!decided || !('not' in decided)) return []
  const { subject, object } = judging.item
  const value = object.metadata?.annotations?.[wishKey] ?? null
  return [
    {
      reason: 'not-caught-up',
      state: 'occurring',
      severity: 'medium',
      fact: `the run planned for ${timeText(decided.run)} is not made up for: ${decided.not}`,
      evidence: [seen(wishKey, value, subject, 'metadata', 'annotations', wishKey), lastRun(judging)],
      remedy: [correctBy('start it by hand if it is needed', runByHand(subject.namespace, subject.name))],
    },
  ]
}

const runByHand = (namespace = 'default', name: string): string =>
  `kubectl -n ${namespace} create job --from=cronjob/${name} ${name}-by-hand`
