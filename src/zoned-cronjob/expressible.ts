// What of a ZonedCronJob's spec a CronJob of the cluster's own can't be told.
import type { Zone } from '../contract/hazard.ts'
import { countRuns } from '../schedule/runs.ts'
import type { Schedule } from '../schedule/schedule.ts'
import type { Plan } from './plan.ts'
import { defaults, type ZonedCronJobSpec } from './zoned-cronjob.ts'

const day = 86_400_000
/** As far ahead as a schedule is looked through for its next run. */
const ahead = 5 * 366 * day
/** What a change of the clocks moves lies closer to it than this. */
const nearby = 26 * 3_600_000

/**
 * @param plan the runs that are wished. @param now ms UTC.
 * @returns a field and why, for people; undefined if a CronJob with the same zone starts the same runs.
 */
export function inexpressible(
  spec: ZonedCronJobSpec,
  schedule: Schedule,
  zone: Zone,
  plan: Plan,
  now: number,
): string | undefined {
  if ((spec.spread?.windowSeconds ?? 0) > 0) return 'spec.spread: a CronJob starts its runs at their times'
  if (spec.missedRuns?.policy === 'all') return 'spec.missedRuns.policy: a CronJob makes up for the latest run only'
  if (schedule.kind === 'every') return 'spec.schedule: a CronJob counts @every from its last run'
  const change = changeWithOtherRuns(schedule, zone, plan, now)
  if (change === undefined) return undefined
  const { skipped = defaults.skipped, repeated = defaults.repeated } = spec.daylightSaving ?? {}
  return `spec.daylightSaving: with ${skipped} and ${repeated} other runs are wished at the change of the clocks of ${new Date(change).toISOString().slice(0, 10)} than a CronJob starts`
}

/** Counted on both sides of each change: there a CronJob's runs are those that Kubernetes's library finds (decision 5). */
function changeWithOtherRuns(schedule: Schedule, zone: Zone, plan: Plan, now: number): number | undefined {
  for (let { to } = zone.stretch(now); to < now + ahead; to = zone.stretch(to).to) {
    for (const [from, end] of [
      [to - nearby, to - 1],
      [to - 1, to],
      [to, to + nearby],
    ] as const) {
      if (plan.count(from, end) !== countRuns(schedule, zone, from, end)) return to
    }
  }
  return undefined
}
