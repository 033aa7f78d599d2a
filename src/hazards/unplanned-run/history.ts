// What is kept of the Jobs and Events that tell what a CronJob did.
import type { Job } from 'kubernetes-types/batch/v1.js'
import type { Event } from 'kubernetes-types/core/v1.js'
import { index, maybe } from '../../contract/reads.ts'
import { events, jobs } from '../../objects/kinds.ts'
import { keyOf, makerKey, makerOf } from '../../objects/owners.ts'
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

/**
 * The planned time in a Job's name: seconds up to 1.20, minutes since (getJobName in the controllers); undefined for a
 * Job that somebody made by hand.
 */
export function plannedByName(job: string, cronJob: string): number | undefined {
  const number = job.startsWith(`${cronJob}-`) ? job.slice(cronJob.length + 1) : ''
  if (!/^\d{8,10}$/.test(number)) return undefined
  return number.length === 10 ? Number(number) * 1000 : Number(number) * 60_000
}

function runOf(job: Job): Run | undefined {
  const { metadata, status } = job
  const name = metadata?.name ?? ''
  const annotated = timeOf(metadata?.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp'])
  const planned = annotated ?? plannedByName(name, makerOf(metadata, 'CronJob') ?? '')
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
