// The Jobs of a ZonedCronJob: which are its own, for which run each is, and what a new one looks like.
import type { Job } from 'kubernetes-types/batch/v1.js'
import { timeOf, timeText } from '../objects/time.ts'
import type { ZonedCronJob } from './zoned-cronjob.ts'

/** For which time a Job was planned, RFC 3339. */
export const plannedAnnotation = 'roadcrew.dev/scheduled-for'
/** Whose Job it is: how all of them are asked for. */
export const ownerLabel = 'roadcrew.dev/zoned-cronjob'

/** As the code sees a Job. Times in ms UTC. */
export interface OwnJob {
  readonly name: string
  readonly uid: string
  readonly planned: number
  /** Undefined while it is not finished. */
  readonly finished?: { readonly at: number; readonly how: 'succeeded' | 'failed' }
  readonly isBeingDeleted: boolean
}

/** Those that this very object made: one of the same name that was deleted is another. */
export const ownJobs = (zcj: ZonedCronJob, jobs: readonly Job[]): readonly OwnJob[] =>
  jobs.filter((job) => isOwn(zcj, job)).map(asOwn)

export const isOwn = ({ metadata }: ZonedCronJob, job: Job): boolean =>
  job.metadata?.ownerReferences?.some(({ uid, controller }) => controller === true && uid === metadata?.uid) ?? false

function asOwn({ metadata, status }: Job): OwnJob {
  const end = status?.conditions?.find(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  )
  const created = timeOf(metadata?.creationTimestamp) ?? 0
  const at = timeOf(status?.completionTime) ?? timeOf(end?.lastTransitionTime) ?? created
  return {
    name: metadata?.name ?? '',
    uid: metadata?.uid ?? '',
    planned: timeOf(metadata?.annotations?.[plannedAnnotation]) ?? created,
    ...(end && { finished: { at, how: end.type === 'Complete' ? 'succeeded' : 'failed' } }),
    isBeingDeleted: metadata?.deletionTimestamp !== undefined,
  }
}

/** A run has one name, so that whoever comes second finds it taken. Seconds have ten digits until 2286. */
export const jobName = (zcj: ZonedCronJob, planned: number): string =>
  `${zcj.metadata?.name}-${Math.floor(planned / 1000)}`

/**
 * The Job of a run. Without the template's ttlSecondsAfterFinished: the cluster's own controller could delete it before its
 * time is in the mark. Owned without `blockOwnerDeletion`, which would take a right on finalizers.
 */
export function jobFor(zcj: ZonedCronJob, planned: number): Job {
  const { metadata, spec } = zcj.spec.jobTemplate
  const { ttlSecondsAfterFinished: _, ...jobSpec } = spec ?? { template: {} }
  const { name = '', uid = '', namespace } = zcj.metadata ?? {}
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: jobName(zcj, planned),
      ...(namespace !== undefined && { namespace }),
      labels: { ...metadata?.labels, [ownerLabel]: name },
      annotations: { ...metadata?.annotations, [plannedAnnotation]: timeText(planned) },
      ownerReferences: [{ apiVersion: 'roadcrew.dev/v1', kind: 'ZonedCronJob', name, uid, controller: true }],
    },
    spec: jobSpec,
  }
}
