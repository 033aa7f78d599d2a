// A quota on count/jobs.batch counts finished Jobs too. From 1.21 until the fix of kubernetes#119776 the controller cleaned up only after
// a run had been made (cronjob_controllerv2.go sync: an error of syncCronJob returned before cleanupFinishedJobs), so that Jobs past
// the limits held the place that their clean-up waited for. Limits that allow as many Jobs as the quota does hold it in every release.
import type { CronJob } from 'kubernetes-types/batch/v1.js'
import type { Evidence, Finding, Item, Step, Unread } from '../../contract/hazard.ts'
import { isUnread } from '../../contract/reads.ts'
import { seen } from '../../contract/verdicts.ts'
import { jobCount, type SeenQuota } from '../../objects/job-quotas.ts'
import { byStart, endedEvidence, overLimits } from './over-limit.ts'
import type { Refusal, SeenJob } from './reads.ts'
import { advise, cleanOldest, deleteAll, fitHistory, makeRoom } from './remedy.ts'

/** Unread: could not be read, or the files given hold none. */
export interface Around {
  readonly own: readonly Item<SeenJob>[]
  readonly quotas: readonly Item<SeenQuota>[] | Unread
  readonly refusals: readonly Item<Refusal>[]
}

/** The quota that this CronJob's finished Jobs use up: runs are refused, or the next one will be. */
export function heldQuota(item: Item<CronJob>, { own, quotas, refusals }: Around): Finding | undefined {
  const finished = own.filter(({ object }) => object.ended && !object.isDeleted).toSorted(byStart)
  const [oldest] = finished
  if (!oldest) return undefined
  const full = isUnread(quotas) ? undefined : quotas.find(({ object }) => object.used >= object.hard)
  const refusal = latestRefusal(refusals, own)
  const past = overLimits(item, own)
    .flatMap(({ jobs }) => jobs)
    .toSorted(byStart)
  if (refusal && (full || isUnread(quotas))) return refused(item, { finished, oldest, past, full, refusal })
  if (!full || item.object.spec?.suspend === true || finished.length < full.object.hard / 2) return undefined
  return willBeRefused(item, { finished, oldest, past, full })
}

/** Why a quota that it may hold can't be told of; one without finished Jobs holds none. */
export const unreadQuotas = ({ own, quotas }: Around): Unread | undefined =>
  isUnread(quotas) && !quotas.elsewhere && own.some(({ object }) => object.ended && !object.isDeleted)
    ? quotas
    : undefined

interface Holding {
  readonly finished: readonly Item<SeenJob>[]
  readonly oldest: Item<SeenJob>
  /** Those past the history limits. */
  readonly past: readonly Item<SeenJob>[]
}

/** A Job that was made since proves that it is refused no more. */
function latestRefusal(refusals: readonly Item<Refusal>[], own: readonly Item<SeenJob>[]): Item<Refusal> | undefined {
  const made = Math.max(0, ...own.map(({ object }) => object.made ?? 0))
  const [latest] = refusals.toSorted((a, b) => (b.object.last ?? 0) - (a.object.last ?? 0))
  return latest && (latest.object.last ?? Number.POSITIVE_INFINITY) > made ? latest : undefined
}

function refused(
  item: Item<CronJob>,
  holding: Holding & { readonly full: Item<SeenQuota> | undefined; readonly refusal: Item<Refusal> },
): Finding {
  const { full, refusal, finished, past } = holding
  const name = full?.object.name ?? /exceeded quota: ([^,]+)/.exec(refusal.object.message)?.[1] ?? ''
  const { message, count } = refusal.object
  return {
    reason: 'quota-held',
    state: 'occurring',
    fact: `quota ${name} refuses its runs, and is held by ${ofItsOwn(finished, past)}`,
    evidence: [
      seen('event FailedCreate', count > 1 ? `${message} (${count} times)` : message, refusal.subject, 'message'),
      ...(full ? [quotaUsed(full)] : []),
      ...heldBy(item, holding),
    ],
    remedy: remedyOf(item, holding, full?.object.hard, true),
  }
}

function willBeRefused(item: Item<CronJob>, holding: Holding & { readonly full: Item<SeenQuota> }): Finding {
  const { full, finished, past } = holding
  return {
    reason: 'quota-full',
    state: 'exposed',
    severity: 'medium',
    fact: `quota ${full.object.name} is used up (${full.object.used} of ${full.object.hard} Jobs) and held by ${ofItsOwn(finished, past)}: the next run is refused unless one of them goes first`,
    evidence: [quotaUsed(full), ...heldBy(item, holding)],
    remedy: remedyOf(item, holding, full.object.hard, false),
  }
}

function ofItsOwn(finished: readonly unknown[], past: readonly unknown[]): string {
  const jobs = `${finished.length} finished ${finished.length === 1 ? 'Job' : 'Jobs'} of its own`
  return past.length > 0 ? `${jobs} (${past.length} past its history limits)` : jobs
}

const quotaUsed = ({ subject, object: { used, hard } }: Item<SeenQuota>): Evidence =>
  seen('quota used', `${used} of ${hard}`, subject, 'status', 'used', jobCount)

const heldBy = ({ subject, object: { spec } }: Item<CronJob>, { finished }: Holding): Evidence[] => [
  ...finished.slice(0, 3).map((job) => endedEvidence(job, 'held by finished Job')),
  seen('history', spec?.successfulJobsHistoryLimit ?? null, subject, 'spec', 'successfulJobsHistoryLimit'),
  seen('history of failed Jobs', spec?.failedJobsHistoryLimit ?? null, subject, 'spec', 'failedJobsHistoryLimit'),
]

/**
 * What should be gone anyway goes first; what its owner wants kept goes by a step of another name, so that a policy can tell them
 * apart, and only for a run that is refused.
 */
function remedyOf(
  item: Item<CronJob>,
  { oldest, past }: Holding,
  hard: number | undefined,
  isRefused: boolean,
): Step[] {
  const [first] = past
  const { namespace } = item.subject
  const names = past.map(({ object }) => object.name)
  return [
    ...(first ? [cleanOldest(first.subject)] : isRefused ? [makeRoom(oldest.subject)] : []),
    ...(names.length > 1 ? [deleteAll(namespace, names)] : []),
    ...(hard === undefined ? [] : fitHistory(item, hard)),
    advise('or raise the quota', `kubectl -n ${namespace ?? 'default'} get resourcequota`),
  ]
}
