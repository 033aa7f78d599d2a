// What the CronJob controllers do, old and new. Sources: kubernetes v1.20 pkg/controller/cronjob/utils.go
// (getRecentUnmetScheduleTimes) and cronjob_controller.go (syncOne); v1.21 cronjob_controllerv2.go.
import type { CronJob } from 'kubernetes-types/batch/v1.js'
import type { Version, Zone } from '../../contract/hazard.ts'
import { durationText, timeOf } from '../../objects/time.ts'
import { olderThan } from '../../objects/version.ts'
import type { Schedule } from '../../schedule/parse.ts'
import { countRuns, nextRun } from '../../schedule/runs.ts'

export interface Settings {
  readonly controllerTimeZone: string
  readonly heldForSeconds: number
}

/** Past this many missed runs the old controller gives up (getRecentUnmetScheduleTimes: `len(starts) > 100`). */
export const mostMissed = 100

/** The old controller looks at all CronJobs every 10 s (cronjob_controller.go: `wait.Until(jm.syncAll, 10*time.Second)`). */
export const pollSeconds = 10

export const frozenFixedIn =
  '1.21 (the rewritten controller, in 1.20 behind the feature gate CronJobControllerV2). What remains there: more than 100 missed runs give a TooManyMissedTimes warning and one late run.'

/** Whether the cluster has, by default, the controller that freezes. */
export const hasOldController = (version: Version | undefined): boolean => olderThan(version, 21)

/** startingDeadlineSeconds: none, a usable number, or what stands there instead (int64, from 0). */
export type Deadline = { readonly seconds: number } | { readonly invalid: string } | undefined

export function deadlineOf(cronJob: CronJob): Deadline {
  const value: unknown = cronJob.spec?.startingDeadlineSeconds
  if (value === undefined || value === null) return undefined
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 63) return { seconds: value }
  return { invalid: String(value) }
}

/** ms UTC from when on runs are owed: after the last one, else after the creation; undefined before it was created. */
export const owedSince = (cronJob: CronJob): number | undefined =>
  timeOf(cronJob.status?.lastScheduleTime) ?? timeOf(cronJob.metadata?.creationTimestamp)

/** Missed runs as the controllers count them: inside the deadline only. `to`: ms UTC. */
export function missedRuns(
  timing: { schedule: Schedule; zone: Zone },
  since: number,
  deadline: Deadline,
  to: number,
): number {
  const window = deadline && 'seconds' in deadline ? to - deadline.seconds * 1000 : since
  const from = Math.max(since, window)
  return from >= to ? 0 : countRuns(timing.schedule, timing.zone, from, to)
}

/** No outage lasts longer, and the exact number of years says nothing. */
const longestOutage = 5 * 365 * 86_400_000

/**
 * How long nothing may start until the old controller gives up: from `now` to the 101st run from there on, in ms;
 * undefined if that takes more than five years.
 */
export function timeToFreeze(timing: { schedule: Schedule; zone: Zone }, now: number): number | undefined {
  let at: number | undefined = now
  for (let run = 0; run <= mostMissed && at !== undefined; run++) {
    at = nextRun(timing.schedule, timing.zone, at)
    if (at !== undefined && at - now > longestOutage) return undefined
  }
  return at === undefined ? undefined : at - now
}

export const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`

export const agoText = (from: number, now: number): string => durationText(Math.max(0, now - from))
