// Which of the due runs is started now, and why the others are not.
import type { Plan } from './plan.ts'
import { defaults, type MissedReason, type ZonedCronJobSpec } from './zoned-cronjob.ts'

/** So late (ms) a run may start without being a missed one: as late as the native controller of 1.20 at ten of its looks. */
export const onTime = 100_000

/** Times in ms UTC. */
export interface Due {
  /** The oldest run that is to be started; undefined: none is. */
  readonly start?: number
  /** Until when it may be, if no later one comes due. */
  readonly startBy?: number
  /** The runs from the mark up to here are missed; undefined: none. */
  readonly missedUpTo?: number
  readonly reason: MissedReason
}

/**
 * @param mark up to here all is settled. @param spread by how much runs start later.
 * @returns undefined if no run is due.
 */
export function dueOf(
  spec: ZonedCronJobSpec,
  plan: Plan,
  { mark, now, spread }: { readonly mark: number; readonly now: number; readonly spread: number },
): Due | undefined {
  const newest = plan.latest(mark, now - spread)
  if (newest === undefined) return undefined
  const { missedRuns = {}, startingDeadlineSeconds, concurrencyPolicy = defaults.concurrencyPolicy } = spec
  const policy = missedRuns.policy ?? defaults.policy
  const limit = policy === 'all' && concurrencyPolicy !== 'Replace' ? (missedRuns.limit ?? defaults.limit) : 1
  const deadline = secondsOrEver(startingDeadlineSeconds)
  const missedDeadline = policy === 'skip' ? 0 : secondsOrEver(missedRuns.deadlineSeconds)
  // How late a run may be: one that is not overtaken has its time of grace.
  const mostLate = (run: number): number => Math.min(deadline, Math.max(run === newest ? onTime : 0, missedDeadline))
  const isTooLate = (run: number): boolean => now - spread - run > mostLate(run)

  let start: number | undefined
  let chosen = 0
  for (let run: number | undefined = newest; run !== undefined && chosen < limit && !isTooLate(run); chosen++) {
    start = run
    run = plan.latest(mark, run - 1)
  }
  const missedUpTo = start === undefined ? newest : plan.latest(mark, start - 1)
  return {
    ...(start !== undefined && { start, startBy: start + spread + mostLate(start) }),
    ...(missedUpTo !== undefined && { missedUpTo }),
    reason: reasonOf(policy, start !== undefined && chosen === limit, limit),
  }
}

const secondsOrEver = (seconds: number | undefined): number =>
  seconds === undefined ? Number.POSITIVE_INFINITY : seconds * 1000

function reasonOf(policy: 'skip' | 'last' | 'all', isFull: boolean, limit: number): MissedReason {
  if (policy === 'skip') return 'Skipped'
  if (!isFull) return 'TooLate'
  return limit > 1 ? 'OverLimit' : 'Superseded'
}
