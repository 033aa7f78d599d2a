// Finished Jobs past the history limits. Both native controllers delete them at each sync, also of a suspended CronJob: 1.20 every
// 10 s (cronjob_controller.go: cleanupFinishedJobs after syncOne), later ones whenever one of its Jobs ends
// (cronjob_controllerv2.go). Sorted as they do it (removeOldestJobs: byJobStartTime).
import type { CronJob } from 'kubernetes-types/batch/v1.js'
import type { Evidence, Finding, Item } from '../../contract/hazard.ts'
import { seen } from '../../contract/verdicts.ts'
import { durationText, timeOf, timeText } from '../../objects/time.ts'
import type { SeenJob } from './reads.ts'
import { advise, cleanOldest, deleteAll, historyOf } from './remedy.ts'

const sorts = ['Complete', 'Failed'] as const
const limitOf = { Complete: 'successfulJobsHistoryLimit', Failed: 'failedJobsHistoryLimit' } as const

/** Jobs of one sort that are over its limit. */
interface Over {
  readonly how: (typeof sorts)[number]
  readonly limit: number
  readonly finished: number
  /** Those that nobody has asked to be deleted yet, oldest first. */
  readonly jobs: readonly Item<SeenJob>[]
  /** ms UTC from when on there were too many of those that are here; undefined if the Jobs don't tell. */
  readonly since: number | undefined
}

/** Jobs by their start, as the controllers sort them; one that never started is the newest. */
export const byStart = ({ object: a }: Item<SeenJob>, { object: b }: Item<SeenJob>): number =>
  (a.started ?? Number.POSITIVE_INFINITY) === (b.started ?? Number.POSITIVE_INFINITY)
    ? a.name.localeCompare(b.name)
    : (a.started ?? Number.POSITIVE_INFINITY) - (b.started ?? Number.POSITIVE_INFINITY)

/** What the controller should delete, by sort. */
export function overLimits({ object }: Item<CronJob>, own: readonly Item<SeenJob>[]): readonly Over[] {
  const limits = historyOf(object.spec)
  return sorts.flatMap((how) => {
    const limit = limits[how]
    const all = own.filter((job) => job.object.ended?.how === how)
    const jobs = all
      .toSorted(byStart)
      .slice(0, Math.max(0, all.length - limit))
      .filter((job) => !job.object.isDeleted)
    if (jobs.length === 0) return []
    const ends = all.map((job) => job.object.ended?.at ?? Number.POSITIVE_INFINITY).toSorted((a, b) => a - b)
    const since = ends[limit]
    return [{ how, limit, finished: all.length, jobs, since: Number.isFinite(since) ? since : undefined }]
  })
}

/** One finding for both sorts, of what has been over its limit for longer than `patience` (ms). */
export function overLimit(
  item: Item<CronJob>,
  own: readonly Item<SeenJob>[],
  now: number,
  patience: number,
): Finding | undefined {
  const over = overLimits(item, own).filter(({ since }) => since !== undefined && now - since > patience)
  if (over.length === 0) return undefined
  const since = Math.min(...over.map((one) => one.since ?? now))
  const jobs = over.flatMap((one) => one.jobs).toSorted(byStart)
  const [oldest] = jobs
  if (!oldest) return undefined
  const { subject, object } = item
  const last = timeOf(object.status?.lastScheduleTime)
  const syncedSince = last !== undefined && last > since
  const many = jobs.length === 1 ? '1 finished Job' : `${jobs.length} finished Jobs`
  return {
    reason: 'over-limit',
    state: 'occurring',
    fact: `${many} past its history limits not deleted for ${durationText(now - since)}${syncedSince ? ', although the controller has started a run since' : ''}`,
    evidence: [
      endedEvidence(oldest),
      ...over.map((one) => limitEvidence(item, one)),
      seen('last run', last === undefined ? null : timeText(last), subject, 'status', 'lastScheduleTime'),
    ],
    remedy: [
      cleanOldest(oldest.subject),
      ...(jobs.length > 1
        ? [
            deleteAll(
              subject.namespace,
              jobs.map((job) => job.object.name),
            ),
          ]
        : []),
      advise(
        'see why kube-controller-manager does not delete them: its log, its right to delete Jobs, a webhook that refuses it',
        `kubectl -n ${subject.namespace ?? 'default'} describe cronjob ${subject.name}`,
      ),
    ],
  }
}

const limitEvidence = ({ subject }: Item<CronJob>, { how, limit, finished }: Over): Evidence =>
  seen(
    how === 'Complete' ? 'successful Jobs' : 'failed Jobs',
    `${finished}, limit ${limit}`,
    subject,
    'spec',
    limitOf[how],
  )

export const endedEvidence = ({ subject, object: { name, ended } }: Item<SeenJob>, what = 'oldest Job'): Evidence =>
  seen(
    what,
    `${name}, ended ${ended?.at === undefined ? 'at a time that it does not say' : timeText(ended.at)}`,
    subject,
    ...(ended?.field ?? ['status']),
  )
