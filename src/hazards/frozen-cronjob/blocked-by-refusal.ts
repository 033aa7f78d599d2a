import type { Evidence, Finding, Item, Step } from '../../contract/hazard.ts'
import { isUnread } from '../../contract/reads.ts'
import { seen } from '../../contract/verdicts.ts'
import type { SeenQuota } from '../../objects/job-quotas.ts'
import { eventSeen, type Judging, lastRun, missedSince, nextExpected } from './judging.ts'
import { eventOf, type SeenEvent, type SeenJob } from './reads.ts'
import { correctBy, deleteFinished, expireJobs } from './remedy.ts'
import { plural } from './rules.ts'

/** Kubernetes keeps this many finished Jobs where the CronJob does not say (batch/v1 CronJobSpec). */
const defaultHistory = { Complete: 3, Failed: 1 }

/** Who refuses this CronJob's Jobs, if somebody does. `missed`: runs since the last one, at least one. */
export function refused(judging: Judging, missed: number): Finding | undefined {
  const event = eventOf(judging.events, 'FailedCreate')
  const full = judging.quotas.find(({ object }) => object.used >= object.hard)
  if (event?.object.message.includes('exceeded quota')) return byQuota(judging, missed, full, event)
  if (event) return byServer(judging, missed, event)
  // Without Events a full quota is the likeliest reason, but no proof.
  return full && judging.unread.length > 0 && missed > 1 ? byQuota(judging, missed, full, undefined) : undefined
}

function byQuota(
  judging: Judging,
  missed: number,
  quota: Item<SeenQuota> | undefined,
  event: Item<SeenEvent> | undefined,
): Finding {
  const finished = judging.namespaceJobs.filter(({ object }) => object.finished !== undefined)
  const own = ownPastHistory(judging)
  const blame = own.length > 0 ? own : finished
  const name = quota?.object.name ?? /exceeded quota: ([^,]+)/.exec(event?.object.message ?? '')?.[1] ?? ''
  return {
    reason: 'job-quota',
    state: 'occurring',
    ...(!event && { guess: true as const }),
    fact: `quota ${name}${quota ? ` (${quota.object.used} of ${quota.object.hard} Jobs used)` : ''} ${event ? 'refuses every Job' : 'is full, which is likely why no Job starts'}: ${plural(missed, 'run')} missed${finished.length > 0 ? `; ${plural(finished.length, 'finished Job holds', 'finished Jobs hold')} it` : ''}`,
    evidence: [
      quota ? quotaUsed(quota) : missedSince(judging, missed),
      ...(event ? [eventSeen(event)] : []),
      ...(quota ? [missedSince(judging, missed)] : []),
      ...blame
        .slice(0, 3)
        .map(({ subject, object }) => seen('held by finished Job', `${object.name}${by(object)}`, subject, 'status')),
      lastRun(judging),
      nextExpected(judging),
    ],
    remedy: quotaRemedy(judging, own, name),
  }
}

const by = ({ owner }: SeenJob): string => (owner ? ` of CronJob ${owner}` : '')

const quotaUsed = ({ subject, object }: Item<SeenQuota>): Evidence =>
  seen('quota used', `${object.used} of ${object.hard}`, subject, 'status', 'used', 'count/jobs.batch')

/** This CronJob's own finished Jobs past its history limits, oldest first: those it should have cleaned up itself. */
function ownPastHistory({ item, ownJobs }: Judging): readonly Item<SeenJob>[] {
  if (isUnread(ownJobs)) return []
  const { successfulJobsHistoryLimit, failedJobsHistoryLimit } = item.object.spec ?? {}
  const limits = {
    Complete: successfulJobsHistoryLimit ?? defaultHistory.Complete,
    Failed: failedJobsHistoryLimit ?? defaultHistory.Failed,
  }
  return (['Complete', 'Failed'] as const).flatMap((how) => {
    const finished = ownJobs.filter(({ object }) => object.finished === how)
    const oldestFirst = finished.toSorted((a, b) => (a.object.ended ?? 0) - (b.object.ended ?? 0))
    return oldestFirst.slice(0, Math.max(0, finished.length - limits[how]))
  })
}

function quotaRemedy({ item }: Judging, own: readonly Item<SeenJob>[], quota: string): Step[] {
  const namespace = item.subject.namespace ?? 'default'
  return [
    ...own.slice(0, 1).map(({ subject }) => deleteFinished(subject)),
    correctBy(
      'see which finished Jobs hold the quota, delete those that nobody needs, or raise it',
      `kubectl -n ${namespace} get jobs && kubectl -n ${namespace} edit resourcequota ${quota}`,
    ),
    ...expireJobs(item),
  ]
}

function byServer(judging: Judging, missed: number, event: Item<SeenEvent>): Finding {
  return {
    reason: 'create-refused',
    state: 'occurring',
    fact: `the API server refuses its Jobs: ${plural(missed, 'run')} missed`,
    evidence: [eventSeen(event), lastRun(judging), missedSince(judging, missed), nextExpected(judging)],
    remedy: [correctBy('the event says who refuses the Job and why; correct that')],
  }
}
