import type { CronJob } from 'kubernetes-types/batch/v1.js'
import type { Context, Evidence, Item, Unread, Zone } from '../../contract/hazard.ts'
import { seen } from '../../contract/verdicts.ts'
import type { SeenQuota } from '../../objects/job-quotas.ts'
import { timeText } from '../../objects/time.ts'
import type { Schedule } from '../../schedule/parse.ts'
import { nextRun } from '../../schedule/runs.ts'
import type { SeenEvent, SeenJob } from './reads.ts'
import type { Deadline, Settings } from './rules.ts'

/** One CronJob whose schedule can be told, and what it is judged among. */
export interface Judging {
  readonly item: Item<CronJob>
  readonly context: Context<Settings>
  readonly timing: { readonly schedule: Schedule; readonly zone: Zone }
  /** ms UTC from when on runs are owed. */
  readonly since: number
  readonly deadline: Deadline
  /** Those of the time since the last run. */
  readonly events: readonly Item<SeenEvent>[]
  readonly eventsRead: boolean
  /** Why parts of what it is judged among could not be read. */
  readonly unread: readonly string[]
  readonly ownJobs: readonly Item<SeenJob>[] | Unread
  readonly namespaceJobs: readonly Item<SeenJob>[]
  readonly quotas: readonly Item<SeenQuota>[]
}

export function lastRun({ item, since }: Judging): Evidence {
  if (item.object.status?.lastScheduleTime) {
    return seen('last run', timeText(since), item.subject, 'status', 'lastScheduleTime')
  }
  return seen('never ran, created', timeText(since), item.subject, 'metadata', 'creationTimestamp')
}

export const missedSince = ({ item }: Judging, missed: number): Evidence =>
  seen('missed runs', missed, item.subject, 'spec', 'schedule')

export function nextExpected({ item, timing, context }: Judging): Evidence {
  const next = nextRun(timing.schedule, timing.zone, context.now)
  return seen('next planned run', next === undefined ? null : timeText(next), item.subject, 'spec', 'schedule')
}

export const eventSeen = ({ subject, object }: Item<SeenEvent>): Evidence =>
  seen(
    `event ${object.reason}`,
    `${object.message}${object.count > 1 ? ` (${object.count} times)` : ''}`,
    subject,
    'message',
  )
