import type { CronJob, Job } from 'kubernetes-types/batch/v1.js'
import type { Context, Evidence, Finding, Item, Verdict } from '../../contract/hazard.ts'
import { detector, index, isUnread, list, maybe } from '../../contract/reads.ts'
import { absent, clear, foundAny, seen, unknown } from '../../contract/verdicts.ts'
import { cronJobs, jobs } from '../../objects/kinds.ts'
import { keyOf, makerKey } from '../../objects/owners.ts'
import { timeOf, timeText } from '../../objects/time.ts'
import { type UpsetRun, upsetRuns } from '../../schedule/clock-changes.ts'
import { timingOf } from '../../schedule/timing.ts'
import { mindClockChanges } from './remedy.ts'
import type { Settings } from './settings.ts'

/** What a cluster has shown within so long is no theory any more (ms). */
const lately = 7 * 86_400_000

/** Clock changes are of at most a few hours; Jobs that near to one are of the times that it moved (ms). */
const aroundChange = 3 * 3_600_000

interface Made {
  readonly name: string
  /** ms UTC. */
  readonly planned: number | undefined
  readonly created: number | undefined
}

/** Jobs by the CronJob that made them, with the time for which they were planned (annotated from 1.28 on) and created. */
const ownJobs = maybe(
  index(
    jobs,
    ({ metadata }) => makerKey(metadata, 'CronJob'),
    ({ metadata }: Job): Made => ({
      name: metadata?.name ?? '',
      planned: timeOf(metadata?.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp']),
      created: timeOf(metadata?.creationTimestamp),
    }),
  ),
)

/** Has a clock change of the last week skipped or doubled a run? */
export const cluster = detector({
  of: list(cronJobs),
  with: { ownJobs },
  judge(item: Item<CronJob>, view, context: Context<Settings>): Verdict<never> {
    const { spec, metadata, status } = item.object
    const created = timeOf(metadata?.creationTimestamp)
    if (created === undefined && !status?.lastScheduleTime) return absent
    const timing = timingOf(spec, context.zones, context.settings.controllerTimeZone, context.version)
    if ('unknownZone' in timing) {
      return unknown(
        `the time zone ${timing.unknownZone} is not in ${context.zones.data}, so its clock changes can't be told`,
      )
    }
    if ('unparseable' in timing || spec?.suspend === true) return clear
    const from = Math.max(context.now - lately, created ?? 0)
    const upset = upsetRuns(timing.schedule, timing.zone, from, context.now)
    const made = isUnread(view.ownJobs)
      ? []
      : (view.ownJobs.get(keyOf(item.subject.namespace, item.subject.name)) ?? [])
    return foundAny(upset.map((one) => happened(item, one, made)))
  },
})

function happened(
  { subject, object }: Item<CronJob>,
  { change, effect, wallTime }: UpsetRun,
  made: readonly Item<Made>[],
): Finding {
  const around = made.flatMap(({ subject: job, object: { name, planned, created } }): Evidence[] => {
    const at = planned ?? created
    if (at === undefined || Math.abs(at - change) > aroundChange) return []
    return [seen('Job', `${name}, ${planned === undefined ? 'created at' : 'for'} ${timeText(at)}`, job, 'metadata')]
  })
  return {
    reason: `${effect}-run`,
    state: 'exposed',
    lately: true,
    fact: `the clock change of ${wallTime.slice(0, 10)} ${effect === 'skipped' ? 'skipped the run' : 'ran it twice'} at ${wallTime.slice(11)}`,
    evidence: [
      seen('schedule', object.spec?.schedule ?? null, subject, 'spec', 'schedule'),
      seen('clocks changed at', timeText(change), subject, 'spec', 'timeZone'),
      ...around,
    ],
    remedy: mindClockChanges,
  }
}
