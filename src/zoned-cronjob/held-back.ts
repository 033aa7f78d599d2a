// What is said of a run that is due and not started. Pure.
import { timeText } from '../objects/time.ts'
import type { Action } from './decide.ts'
import type { Way } from './native.ts'
import { conditionOf, withCondition } from './status.ts'
import type { ZonedCronJob } from './zoned-cronjob.ts'

/** By so much (ms) clocks may differ: as for all else that the controller does by the time. */
export const mostAhead = 5_000

/**
 * What to write after a Job was refused: its run stays due, and is tried again until a later one comes due or a deadline
 * passes. @param now ms UTC.
 */
export function refused(
  zcj: ZonedCronJob,
  run: number,
  reason: 'QuotaExceeded' | 'Refused',
  because: string,
  now: number,
): readonly Action[] {
  return blocked(zcj, reason, `the Job of the run planned for ${timeText(run)} was refused: ${because}`, now)
}

/**
 * Instead of what should be done now, where the controller's clock is not that of the API server. Where a CronJob starts the runs
 * none of them is held up by it.
 * @param way what that is. @param ahead how far (ms) the own clock is ahead; negative: behind. @param now ms UTC, by the API server.
 */
export function heldByClock(zcj: ZonedCronJob, way: Way, ahead: number, now: number): readonly Action[] {
  if (conditionOf(zcj.status, 'Delegated')?.status === 'True') return []
  const due = 'decision' in way ? way.decision.actions : []
  if (way.steps.length === 0 && !due.some((action) => action.do === 'create' || action.do === 'status')) return []
  const by = `${roughly(Math.abs(ahead))} ${ahead > 0 ? 'ahead of' : 'behind'}`
  const message = `nothing is started or counted: the controller's clock is ${by} that of the API server`
  return blocked(zcj, 'ClockWrong', message, now)
}

/** Whether anything is to be done now. */
export const doesAnything = (way: Way): boolean =>
  way.steps.length > 0 || ('decision' in way && way.decision.actions.length > 0)

/** The condition, and an Event where it says something new. */
function blocked(zcj: ZonedCronJob, reason: string, message: string, now: number): readonly Action[] {
  const before = conditionOf(zcj.status, 'Blocked')
  const isSame = before?.status === 'True' && before.reason === reason
  if (isSame && before.message === message) return []
  const said = { type: 'Blocked', status: 'True', reason, message } as const
  const status = withCondition(zcj.status ?? {}, said, now, zcj.metadata?.generation)
  // The next run that is refused for the same is no news: its time, in the name of its Job too, is all that differs.
  const isNews = !isSame || withoutNumbers(before.message) !== withoutNumbers(message)
  return [{ do: 'status', status }, ...(isNews ? [{ do: 'tell', type: 'Warning', reason, message } as const] : [])]
}

const withoutNumbers = (message: string): string => message.replaceAll(/\d+/g, '')

/** An answer tells a clock only to the second: what is said must not change with each of them. */
function roughly(ms: number): string {
  const minutes = Math.round(ms / 60_000)
  if (minutes < 2) return 'up to 90 s'
  return minutes < 120 ? `about ${minutes} min` : `about ${Math.round(minutes / 60)} h`
}
