// What people read of a CronJob with `kubectl describe`.
import type { Regarding, Telling } from '../acting/events.ts'
import { timeText } from '../objects/time.ts'
import type { News } from './news.ts'

/** `too-many-missed` as Events have it, and as no detector takes it for a controller's own: `RoadcrewTooManyMissed`. */
export const eventReason = (reason: string): string =>
  `Roadcrew${reason
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')}`

/**
 * What is over when it is first looked at was told by whoever led before, or is old; an end is seen without an Event.
 * @param at ms UTC.
 */
export function findingEvent(
  { is, when, first, hazard, finding }: News,
  regarding: Regarding,
  at: number,
): Telling | undefined {
  if (is === 'ended' || (first && when === 'lately')) return undefined
  const { fix } = hazard.reasons[finding.reason] ?? {}
  const message = fix === undefined ? finding.fact : `${finding.fact}. ${fix}`
  return { regarding, type: 'Warning', reason: eventReason(finding.reason), message, at }
}

/** @param planned ms UTC. */
export const overdueEvent = (regarding: Regarding, planned: number, at: number): Telling => ({
  regarding,
  type: 'Warning',
  reason: eventReason('run-overdue'),
  message: `the run planned for ${timeText(planned)} has not started, and what holds it back is not known`,
  at,
})
