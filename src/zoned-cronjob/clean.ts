// Which finished Jobs are deleted: oldest first, a few at a time, and only such as can't be started again.
import type { OwnJob } from './jobs.ts'
import { defaults, type ZonedCronJobSpec } from './zoned-cronjob.ts'

/** So many in one turn: thousands that piled up are no storm for the API server, and no other object waits for them. */
export const mostAtOnce = 10

export type CleanReason = 'history' | 'ttl' | 'quota' | 'replaced'

export interface Cleaning {
  readonly jobs: readonly { readonly job: OwnJob; readonly why: CleanReason }[]
  /** There are more to delete at once. */
  readonly more: boolean
  /** When the next one's time is over (ms UTC). */
  readonly nextAt?: number
}

/**
 * @param mark as it is persisted (ms UTC): a Job is kept until its time is in it, since till then its name alone says that its
 * run was started.
 * @param quota a quota refuses the next Job: the oldest finished one makes room for it, within the limits too.
 */
export function cleaningOf(
  spec: ZonedCronJobSpec,
  jobs: readonly OwnJob[],
  { mark, now, quota }: { readonly mark: number; readonly now: number; readonly quota: boolean },
): Cleaning {
  const finished = jobs
    .filter(({ finished, isBeingDeleted, planned }) => finished && !isBeingDeleted && planned <= mark)
    .toSorted((a, b) => a.planned - b.planned)
  const why = new Map<OwnJob, CleanReason>()
  for (const [how, limit] of [
    ['succeeded', spec.successfulJobsHistoryLimit ?? defaults.successfulJobsHistoryLimit],
    ['failed', spec.failedJobsHistoryLimit ?? defaults.failedJobsHistoryLimit],
  ] as const) {
    const own = finished.filter((job) => job.finished?.how === how)
    for (const job of own.slice(0, Math.max(0, own.length - limit))) why.set(job, 'history')
  }
  const ttl = spec.jobTemplate.spec?.ttlSecondsAfterFinished
  let nextAt: number | undefined
  for (const job of ttl === undefined ? [] : finished) {
    const end = (job.finished?.at ?? 0) + (ttl ?? 0) * 1000
    if (end <= now) why.set(job, why.get(job) ?? 'ttl')
    else if (!why.has(job)) nextAt = Math.min(end, nextAt ?? end)
  }
  const oldest = finished[0]
  if (quota && why.size === 0 && oldest) why.set(oldest, 'quota')
  const all = finished.flatMap((job) => {
    const reason = why.get(job)
    return reason ? [{ job, why: reason }] : []
  })
  return {
    jobs: all.slice(0, mostAtOnce),
    more: all.length > mostAtOnce,
    ...(nextAt !== undefined && { nextAt }),
  }
}
