import type { CronJob } from 'kubernetes-types/batch/v1.js'
import type { Context, Finding, Item } from '../../contract/hazard.ts'
import { detector, list } from '../../contract/reads.ts'
import { foundAny, seen } from '../../contract/verdicts.ts'
import { cronJobs } from '../../objects/kinds.ts'
import { durationText } from '../../objects/time.ts'
import { dependsOnZone } from '../../schedule/clock-changes.ts'
import type { Schedule } from '../../schedule/parse.ts'
import { neverFires, shortestGap } from '../../schedule/runs.ts'
import { timingOf } from '../../schedule/timing.ts'
import { neverRepeat, setDeadline } from './remedy.ts'
import type { Settings } from './settings.ts'

/** Kubernetes tries this often again where the job template does not say (batch/v1 JobSpec.backoffLimit). */
export const defaultBackoffLimit = 6

const hour = 3600

/** Could it run when nobody planned it, by what is written in its spec? */
export const manifest = detector({
  of: list(cronJobs),
  with: {},
  judge(item: Item<CronJob>, _view, context: Context<Settings>) {
    const timing = timingOf(item.object.spec, context.zones, context.settings.controllerTimeZone, context.version)
    const usable = 'schedule' in timing && !neverFires(timing.schedule)
    return foundAny([...(usable ? lateRun(item, timing.schedule) : []), ...repeatedRun(item)])
  },
})

/** A run of every few minutes may come late and nobody minds: it is asked only of those that have their hour. */
function lateRun(item: Item<CronJob>, schedule: Schedule): Finding[] {
  const deadline: unknown = item.object.spec?.startingDeadlineSeconds ?? undefined
  if (!dependsOnZone(schedule)) return []
  const gap = (shortestGap(schedule) ?? 0) / 1000
  if (typeof deadline === 'number' && deadline <= Math.max(hour, gap)) return []
  if (deadline !== undefined && typeof deadline !== 'number') return []
  const late = deadline === undefined ? 'however late' : `up to ${durationText(deadline * 1000)} late`
  return [
    {
      reason: 'late-run',
      state: 'exposed',
      severity: 'low',
      fact: `a missed run is made up for ${late}: after an outage, when unsuspended, after an edit of "${schedule.text}"`,
      evidence: [
        seen('deadline', deadline ?? null, item.subject, 'spec', 'startingDeadlineSeconds'),
        seen('schedule', schedule.text, item.subject, 'spec', 'schedule'),
      ],
      remedy: [setDeadline(item, schedule)],
    },
  ]
}

/** Who forbids two runs at a time has said that the work is not to be done twice. */
function repeatedRun(item: Item<CronJob>): Finding[] {
  const { spec } = item.object
  const job = spec?.jobTemplate?.spec
  if (spec?.concurrencyPolicy !== 'Forbid' || job?.podFailurePolicy !== undefined) return []
  const limit = job?.backoffLimit ?? undefined
  const onFailure = job?.template?.spec?.restartPolicy === 'OnFailure'
  if (limit === 0 && !onFailure) return []
  const tries = limit ?? defaultBackoffLimit
  return [
    {
      reason: 'repeated-run',
      state: 'exposed',
      severity: 'low',
      fact: `Forbid keeps runs apart, but one that fails is started up to ${tries} times again${onFailure ? ', in the same pod' : ''}`,
      evidence: [
        seen(
          'retries',
          limit ?? `none set: ${defaultBackoffLimit}`,
          item.subject,
          'spec',
          'jobTemplate',
          'spec',
          'backoffLimit',
        ),
        seen('concurrency', 'Forbid', item.subject, 'spec', 'concurrencyPolicy'),
      ],
      remedy: neverRepeat(item),
    },
  ]
}
