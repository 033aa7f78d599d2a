// What is kept of the Jobs and Events that tell what a CronJob did.
import type { Job } from 'kubernetes-types/batch/v1.js'
import type { Event } from 'kubernetes-types/core/v1.js'
import { index, maybe } from '../../contract/reads.ts'
import { events, jobs } from '../../objects/kinds.ts'
import { keyOf, makerKey } from '../../objects/owners.ts'
import { plannedFor } from '../../objects/planned.ts'
import { timeOf } from '../../objects/time.ts'

/** One run, as its Job tells it; times in ms UTC. */
export interface Run {
  readonly name: string
  /** For when it was planned: annotated from 1.28 on, before only in the Job's name. */
  readonly planned: number
  readonly started: number
  /** undefined: still running. */
  readonly ended: number | undefined
  /** Pods that failed, and that succeeded. */
  readonly failed: number
  readonly succeeded: number
}

function runOf(job: Job): Run | undefined {
  const { metadata, status } = job
  const name = metadata?.name ?? ''
  const planned = plannedFor(job)
  const started = timeOf(metadata?.creationTimestamp) ?? timeOf(status?.startTime)
  if (planned === undefined || started === undefined) return undefined
  const done = status?.conditions?.find(
    ({ type, status: is }) => (type === 'Complete' || type === 'Failed') && is === 'True',
  )
  const ended = timeOf(status?.completionTime) ?? (done && timeOf(done.lastTransitionTime))
  return { name, planned, started, ended, failed: status?.failed ?? 0, succeeded: status?.succeeded ?? 0 }
}

/** Runs by CronJob, those that the controller planned. */
export const runs = maybe(index(jobs, ({ metadata }) => makerKey(metadata, 'CronJob'), runOf))

/** The warnings of too many missed runs, by CronJob. */
export const tooManyMissed = maybe(
  index(
    events,
    ({ involvedObject: about, reason }) =>
      about?.kind === 'CronJob' && reason === 'TooManyMissedTimes' ? keyOf(about.namespace, about.name) : undefined,
    (event: Event) => ({ message: event.message ?? '', last: timeOf(event.lastTimestamp) ?? timeOf(event.eventTime) }),
  ),
)
