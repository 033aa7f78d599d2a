// What is kept of Jobs, Pods, quotas and Events: a cluster has thousands of them, and little of each matters here.
import type { Job } from 'kubernetes-types/batch/v1.js'
import type { Event, Pod } from 'kubernetes-types/core/v1.js'
import { index, maybe } from '../../contract/reads.ts'
import { type Ended, endOf } from '../../objects/finished.ts'
import { events, jobs, pods } from '../../objects/kinds.ts'
import { keyOf } from '../../objects/owners.ts'
import { timeOf } from '../../objects/time.ts'

/** Of the Job controller, on each Pod of a Job until it is counted (KEP-2307). */
export const jobTracking = 'batch.kubernetes.io/job-tracking'

export interface SeenJob {
  readonly name: string
  /** ms UTC. */
  readonly started: number | undefined
  readonly made: number | undefined
  readonly ended: Ended | undefined
  readonly isDeleted: boolean
}

/** Those of a controller alone are cleaned up by it: `kubectl create job --from` of old names its CronJob only as an owner. */
const controllerKey = ({ metadata }: Job): string | undefined => {
  const maker = metadata?.ownerReferences?.find(({ kind, controller }) => kind === 'CronJob' && controller === true)
  return maker && keyOf(metadata?.namespace, maker.name)
}

/** Jobs by the CronJob that controls them. */
export const ownJobs = maybe(
  index(
    jobs,
    controllerKey,
    (job: Job): SeenJob => ({
      name: job.metadata?.name ?? '',
      started: timeOf(job.status?.startTime),
      made: timeOf(job.metadata?.creationTimestamp) ?? timeOf(job.status?.startTime),
      ended: endOf(job),
      isDeleted: job.metadata?.deletionTimestamp !== undefined,
    }),
  ),
)

export interface NamedJob {
  readonly uid: string | undefined
  readonly ended: Ended | undefined
}

/** All Jobs by name, whoever made them: a reference may name any. */
export const namedJobs = maybe(
  index(
    jobs,
    ({ metadata }) => keyOf(metadata?.namespace, metadata?.name),
    (job: Job): NamedJob => ({ uid: job.metadata?.uid, ended: endOf(job) }),
  ),
)

export interface Refusal {
  readonly message: string
  readonly count: number
  /** ms UTC of the last time; undefined where the event does not say. */
  readonly last: number | undefined
}

/** Events that say that a quota refused a Job, by CronJob. */
export const quotaRefusals = maybe(
  index(
    events,
    ({ involvedObject: about, reason, message }) =>
      about?.kind === 'CronJob' && reason === 'FailedCreate' && message?.includes('exceeded quota')
        ? keyOf(about.namespace, about.name)
        : undefined,
    (event: Event): Refusal => ({
      message: event.message ?? '',
      count: event.count ?? event.series?.count ?? 1,
      last: timeOf(event.lastTimestamp) ?? timeOf(event.series?.lastObservedTime) ?? timeOf(event.eventTime),
    }),
  ),
)

export interface LeftPod {
  readonly name: string
  readonly finalizers: readonly string[]
}

/** Pods that are to be gone, by the uid of the Job that made them. */
export const leftPods = maybe(
  index(
    pods,
    ({ metadata }) => metadata?.ownerReferences?.find(({ kind }) => kind === 'Job')?.uid,
    ({ metadata }: Pod): LeftPod | undefined =>
      metadata?.deletionTimestamp === undefined
        ? undefined
        : { name: metadata.name ?? '', finalizers: metadata.finalizers ?? [] },
  ),
)
