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
  readonly at: number | undefined
}

/** Jobs by the CronJob that made them, with the time for which they were planned (annotated from 1.28 on) or made. */
const ownJobs = maybe(
  index(
    jobs,
    ({ metadata }) => makerKey(metadata, 'CronJob'),
    ({ metadata }: Job): Made => ({
      name: metadata?.name ?? '',
      at:
        timeOf(metadata?.annotations?.['batch.kubernetes.io/cronjob-scheduled-timestamp']) ??
        timeOf(metadata?.creationTimestamp),
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
  const near = made.filter(({ object: { at } }) => at !== undefined && Math.abs(at - change) <= aroundChange)
  const around = near.map(
    (job): Evidence => seen('Job', `${job.object.name}, for ${timeText(job.object.at ?? 0)}`, job.subject, 'metadata'),
  )
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
