import { shortestGap } from './runs.ts'
import type { Schedule } from './schedule.ts'

/** The least that is advised, in s: ten looks of the polling controller of up to 1.20. */
const least = 100
/** The most, in s: who wants to be later than an hour says so. */
const most = 3600

/**
 * The startingDeadlineSeconds to advise: as long as the way to the next run, so that a late run never meets it, but at
 * least 100 s, so that no slow look of a controller loses a run, and at most an hour.
 */
export function advisedDeadline(schedule: Schedule): number {
  const gap = (shortestGap(schedule) ?? most * 1000) / 1000
  return Math.min(most, Math.max(least, gap))
}
