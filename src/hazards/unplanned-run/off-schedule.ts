// Runs for times that the schedule does not name. To tell them one has to have seen that it was the same then.
import type { CronJob } from 'kubernetes-types/batch/v1.js'
import type { Finding, Item, Zone } from '../../contract/hazard.ts'
import { seen } from '../../contract/verdicts.ts'
import { timeText } from '../../objects/time.ts'
import { nextRun } from '../../schedule/runs.ts'
import type { Timing } from '../../schedule/timing.ts'
import type { Run } from './history.ts'

/** What a look remembers. `since`: ms UTC from when on the schedule was seen to be as it says. */
export interface SeenSchedule {
  readonly says: string
  readonly since: number
}

/** What stands in the spec now, and since when it has been seen so. */
export function seenSchedule({ object }: Item<CronJob>, before: SeenSchedule | undefined, now: number): SeenSchedule {
  const { spec } = object
  const says = JSON.stringify([spec?.schedule ?? '', spec?.timeZone ?? '', spec?.suspend ?? false])
  return before?.says === says ? before : { says, since: now }
}

/** The latest of those that were planned while the schedule was seen to be what it is; `@every` names no times. */
export function offSchedule(
  { subject, object }: Item<CronJob>,
  timing: Timing,
  recent: readonly Item<Run>[],
  { since }: SeenSchedule,
): Finding[] {
  if (!('schedule' in timing) || timing.schedule.kind === 'every') return []
  const { schedule, zone } = timing
  const off = recent.filter((run) => run.object.planned >= since && !isRun(schedule, zone, run.object.planned))
  const latest = off.at(-1)
  if (!latest) return []
  const { name, planned, started } = latest.object
  return [
    {
      reason: 'off-schedule-run',
      state: 'exposed',
      lately: true,
      fact: `Job ${name} was started for ${timeText(planned)}, which is no time of its schedule`,
      evidence: [
        seen(
          'Job',
          `${name}, planned for ${timeText(planned)}, started ${timeText(started)}`,
          latest.subject,
          'metadata',
        ),
        seen('schedule', object.spec?.schedule ?? null, subject, 'spec', 'schedule'),
        seen('seen unchanged since', timeText(since), subject, 'spec', 'schedule'),
      ],
      remedy: [
        {
          do: 'advise',
          why: 'look in which zone kube-controller-manager runs, and for a second controller with another schedule',
        },
      ],
    },
  ]
}

const isRun = (schedule: Extract<Timing, { schedule: unknown }>['schedule'], zone: Zone, planned: number): boolean =>
  nextRun(schedule, zone, planned - 1) === planned
