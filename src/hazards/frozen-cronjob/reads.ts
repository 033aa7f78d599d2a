// What is kept of the objects that a CronJob is judged among: a cluster has thousands of them.
import type { Job } from 'kubernetes-types/batch/v1.js'
import type { Event } from 'kubernetes-types/core/v1.js'
import type { Item } from '../../contract/hazard.ts'
import { index, maybe } from '../../contract/reads.ts'
import { events, jobs } from '../../objects/kinds.ts'
import { keyOf, makerKey, makerOf } from '../../objects/owners.ts'
import { timeOf } from '../../objects/time.ts'

export interface SeenEvent {
  readonly reason: string
  readonly message: string
  readonly count: number
  /** ms UTC of the last time; undefined where the event does not say. */
  readonly last: number | undefined
}

/** Events about a CronJob, by CronJob. */
export const cronJobEvents = maybe(
  index(
    events,
    ({ involvedObject: about }) => (about?.kind === 'CronJob' ? keyOf(about.namespace, about.name) : undefined),
    (event: Event): SeenEvent => ({
      reason: event.reason ?? '',
      message: event.message ?? '',
      count: event.count ?? event.series?.count ?? 1,
      last: timeOf(event.lastTimestamp) ?? timeOf(event.series?.lastObservedTime) ?? timeOf(event.eventTime),
    }),
  ),
)

/**
 * The latest event of a reason, with the count of all of them: an event is only counted up while its message stays the
 * same, and the messages of some reasons name a new Job every time.
 */
export function eventOf(events: readonly Item<SeenEvent>[], reason: string): Item<SeenEvent> | undefined {
  const all = events.filter(({ object }) => object.reason === reason)
  const [latest] = all.toSorted((a, b) => (b.object.last ?? 0) - (a.object.last ?? 0))
  const count = all.reduce((sum, { object }) => sum + object.count, 0)
  return latest && { subject: latest.subject, object: { ...latest.object, count } }
}

export interface SeenJob {
  readonly name: string
  /** Of the CronJob that made it. */
  readonly owner: string | undefined
  /** ms UTC. */
  readonly started: number | undefined
  readonly ended: number | undefined
  readonly finished: 'Complete' | 'Failed' | undefined
  readonly activePods: number
}

const keepJob = (job: Job): SeenJob => {
  const done = job.status?.conditions?.find(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  )
  return {
    name: job.metadata?.name ?? '',
    owner: makerOf(job.metadata, 'CronJob'),
    started: timeOf(job.status?.startTime) ?? timeOf(job.metadata?.creationTimestamp),
    ended: timeOf(job.status?.completionTime) ?? (done && timeOf(done.lastTransitionTime)),
    finished: done?.type === 'Complete' || done?.type === 'Failed' ? done.type : undefined,
    activePods: job.status?.active ?? 0,
  }
}

/** All Jobs of a namespace, by namespace: a quota counts them all. */
export const namespaceJobs = maybe(index(jobs, ({ metadata }) => metadata?.namespace ?? '', keepJob))

/** Jobs by the CronJob that made them. */
export const ownJobs = maybe(index(jobs, ({ metadata }) => makerKey(metadata, 'CronJob'), keepJob))
