import type { Job } from 'kubernetes-types/batch/v1.js'
import { timeOf } from './time.ts'

/** How a Job ended. `at`: ms UTC, undefined where it does not say. `field`: where that stands. */
export interface Ended {
  readonly how: 'Complete' | 'Failed'
  readonly at: number | undefined
  readonly field: readonly (string | number)[]
}

/**
 * As IsJobFinished tells it (kubernetes pkg/controller/job/utils.go); undefined: it has not ended. Only a Job that succeeded has a
 * completionTime.
 */
export function endOf({ status }: Job): Ended | undefined {
  for (const [place, { type, status: is, lastTransitionTime }] of (status?.conditions ?? []).entries()) {
    if ((type !== 'Complete' && type !== 'Failed') || is !== 'True') continue
    const completed = timeOf(status?.completionTime)
    return completed !== undefined
      ? { how: type, at: completed, field: ['status', 'completionTime'] }
      : {
          how: type,
          at: timeOf(lastTransitionTime),
          field: ['status', 'conditions', place, ...(lastTransitionTime ? ['lastTransitionTime'] : [])],
        }
  }
  return undefined
}
