// The next status from the last one. Times in ms UTC.
import { sameValue } from '../objects/changes.ts'
import { timeOf, timeText } from '../objects/time.ts'
import type { OwnJob } from './jobs.ts'
import { createdAt } from './timing.ts'
import type { Condition, Missed, ZonedCronJob, ZonedCronJobStatus } from './zoned-cronjob.ts'

/** So many of the latest records of missed runs are kept; all are counted. */
const mostRecent = 5

/** Up to where all runs are settled: never before it was created. */
export const markOf = (zcj: ZonedCronJob): number =>
  Math.max(timeOf(zcj.status?.highWaterMark) ?? Number.NEGATIVE_INFINITY, createdAt(zcj))

/** With a mark, which never goes back. */
export function withMark(status: ZonedCronJobStatus, mark: number): ZonedCronJobStatus {
  const before = timeOf(status.highWaterMark) ?? Number.NEGATIVE_INFINITY
  return mark > before ? { ...status, highWaterMark: timeText(mark) } : status
}

export const withStarted = (status: ZonedCronJobStatus, run: number): ZonedCronJobStatus =>
  run > (timeOf(status.lastScheduleTime) ?? Number.NEGATIVE_INFINITY)
    ? { ...status, lastScheduleTime: timeText(run) }
    : status

/** Counts runs as missed. `joins`: they follow the last ones that were missed, with none between them. */
export function withMissed(status: ZonedCronJobStatus, missed: Missed, joins: boolean): ZonedCronJobStatus {
  const { count = 0, recent = [] } = status.missed ?? {}
  const [latest, ...others] = recent
  const records =
    joins && latest?.reason === missed.reason
      ? [{ ...missed, count: latest.count + missed.count, first: latest.first }, ...others]
      : [missed, ...recent]
  return { ...status, missed: { count: count + missed.count, recent: records.slice(0, mostRecent) } }
}

type Said = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>

/** With a condition; its time is that of its last change of status. */
export function withCondition(
  status: ZonedCronJobStatus,
  { type, status: state, reason, message }: Said,
  now: number,
  generation: number | undefined,
): ZonedCronJobStatus {
  const before = conditionOf(status, type)
  const lastTransitionTime = before?.status === state ? before.lastTransitionTime : timeText(now)
  const observed = generation === undefined ? {} : { observedGeneration: generation }
  const condition: Condition = { type, status: state, reason, message, lastTransitionTime, ...observed }
  const others = (status.conditions ?? []).filter((one) => one.type !== type)
  return { ...status, conditions: [...others, condition].toSorted((a, b) => (a.type < b.type ? 1 : -1)) }
}

export const conditionOf = (status: ZonedCronJobStatus | undefined, type: Condition['type']): Condition | undefined =>
  status?.conditions?.find((one) => one.type === type)

/** How many of its Jobs run, and when one last succeeded. */
export function withJobs(status: ZonedCronJobStatus, jobs: readonly OwnJob[]): ZonedCronJobStatus {
  const ends = jobs.flatMap(({ finished }) => (finished?.how === 'succeeded' ? [finished.at] : []))
  const last = Math.max(timeOf(status.lastSuccessfulTime) ?? Number.NEGATIVE_INFINITY, ...ends)
  return {
    ...status,
    active: jobs.filter(({ finished }) => !finished).length,
    ...(Number.isFinite(last) && { lastSuccessfulTime: timeText(last) }),
  }
}

export const sameStatus = (a: ZonedCronJobStatus, b: ZonedCronJobStatus): boolean => sameValue(a, b)
