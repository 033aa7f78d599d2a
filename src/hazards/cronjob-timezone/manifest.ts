import type { CronJob } from 'kubernetes-types/batch/v1.js'
import type { Context, Finding, Item, Step } from '../../contract/hazard.ts'
import { detector, list } from '../../contract/reads.ts'
import { foundAny, seen } from '../../contract/verdicts.ts'
import { cronJobs } from '../../objects/kinds.ts'
import { timeText } from '../../objects/time.ts'
import { olderThan, versionText } from '../../objects/version.ts'
import { dependsOnZone, type UpsetRun, upsetRuns } from '../../schedule/clock-changes.ts'
import type { Schedule } from '../../schedule/parse.ts'
import { neverFires } from '../../schedule/runs.ts'
import { knowsTimeZone, timingOf, zonePrefix } from '../../schedule/timing.ts'
import { mindClockChanges, moveZone, nameZone } from './remedy.ts'
import type { Settings } from './settings.ts'

const year = 366 * 86_400_000

type Judging = { readonly item: Item<CronJob>; readonly context: Context<Settings> }

/** At which instants will this CronJob run, and does its owner know? */
export const manifest = detector({
  of: list(cronJobs),
  with: {},
  judge(item: Item<CronJob>, _view, context: Context<Settings>) {
    const judging = { item, context }
    const named = namedZone(judging)
    const { controllerTimeZone } = context.settings
    const timing = timingOf(item.object.spec, context.zones, controllerTimeZone, context.version)
    // What can't be parsed never runs, at no time: another question than this one.
    const usable = 'schedule' in timing && !neverFires(timing.schedule) ? timing : undefined
    return foundAny([
      ...named,
      ...(usable && named.length === 0 ? unnamedZone(judging, usable.schedule) : []),
      ...(usable
        ? clockChanges(judging, upsetRuns(usable.schedule, usable.zone, context.now, context.now + year))
        : []),
    ])
  },
})

/** Where a zone is named: whether that counts. */
function namedZone(judging: Judging): Finding[] {
  const { item, context } = judging
  const { schedule, timeZone } = item.object.spec ?? {}
  const prefix = zonePrefix(schedule)
  if (typeof timeZone === 'string') {
    if (!knowsTimeZone(context.version)) return [zoneIgnored(judging, timeZone)]
    if (prefix) return [zoneTwice(judging, prefix.zone, timeZone)]
    return refused(judging, timeZone)
  }
  // Before 1.22 the schedule as a whole is refused.
  return prefix && !olderThan(context.version, 22) ? [zoneInSchedule(judging, prefix)] : []
}

function unnamedZone(judging: Judging, schedule: Schedule): Finding[] {
  const { item, context } = judging
  if (typeof item.object.spec?.timeZone === 'string' || !knowsTimeZone(context.version) || !dependsOnZone(schedule))
    return []
  return [
    {
      reason: 'controller-zone',
      state: 'exposed',
      severity: 'low',
      fact: `no timeZone: "${schedule.text}" is read in the zone of kube-controller-manager, taken to be ${context.settings.controllerTimeZone}`,
      evidence: [seen('time zone', null, item.subject, 'spec', 'timeZone'), scheduleOf(judging)],
      remedy: [nameZone(item, context.settings.controllerTimeZone)],
    },
  ]
}

const scheduleOf = ({ item }: Judging) =>
  seen('schedule', item.object.spec?.schedule ?? null, item.subject, 'spec', 'schedule')

const zoneOf = ({ item }: Judging) =>
  seen('time zone', item.object.spec?.timeZone ?? null, item.subject, 'spec', 'timeZone')

const advise = (why: string): Step => ({ do: 'advise', why })

function zoneIgnored(judging: Judging, timeZone: string): Finding {
  const { version, settings } = judging.context
  return {
    reason: 'zone-ignored',
    state: 'exposed',
    certain: true,
    fact: `Kubernetes ${version ? versionText(version) : ''} drops timeZone ${timeZone} without a word; the schedule is read in the zone of kube-controller-manager, taken to be ${settings.controllerTimeZone}`,
    evidence: [zoneOf(judging), scheduleOf(judging)],
    remedy: [advise('write the schedule in the zone of the control plane until the cluster is on 1.25')],
  }
}

function zoneTwice(judging: Judging, inSchedule: string, timeZone: string): Finding {
  return {
    reason: 'zone-twice',
    state: 'exposed',
    certain: true,
    severity: 'high',
    fact: `the schedule names the zone ${inSchedule} and timeZone says ${timeZone}: the API server refuses both together`,
    evidence: [scheduleOf(judging), zoneOf(judging)],
    remedy:
      inSchedule === timeZone ? moveZone(judging.item) : [advise('decide for one zone, and keep it in spec.timeZone')],
  }
}

/** "Local", an empty name (validation of batch CronJobs), and what the database does not have. */
function refused(judging: Judging, timeZone: string): Finding[] {
  const { zones } = judging.context
  const invalid = timeZone === '' || timeZone.toLowerCase() === 'local'
  if (!invalid && zones.find(timeZone)) return []
  return [
    {
      reason: 'unknown-zone',
      state: 'exposed',
      certain: true,
      severity: 'high',
      // The data of the control plane may be newer than ours.
      ...(!invalid && { guess: true as const }),
      fact: invalid
        ? `timeZone "${timeZone}" is refused by the API server`
        : `timeZone ${timeZone} is not in ${zones.data}`,
      evidence: [zoneOf(judging)],
      remedy: [advise('use a name of the time zone database, such as Europe/Berlin; names are case-sensitive')],
    },
  ]
}

function zoneInSchedule(judging: Judging, { zone }: { readonly zone: string }): Finding {
  const { item, context } = judging
  const refusesNew = !olderThan(context.version, 29)
  const live = 'cluster' in item.subject.source
  return {
    reason: 'zone-in-schedule',
    state: 'exposed',
    ...(refusesNew && !live && { certain: true as const, severity: 'high' as const }),
    fact: `the schedule names the zone ${zone} itself: ${refusesNew ? 'from 1.29 on the API server refuses that for new objects' : 'it works here, but from 1.29 on the API server refuses it'}`,
    evidence: [scheduleOf(judging)],
    remedy: knowsTimeZone(context.version)
      ? moveZone(item)
      : [advise('move the zone to spec.timeZone when the cluster is on 1.25')],
  }
}

/** One finding each for skipped and doubled runs: their cures are the same, but who minds them is not. */
function clockChanges(judging: Judging, upset: readonly UpsetRun[]): Finding[] {
  return (['skipped', 'doubled'] as const).flatMap((effect): Finding[] => {
    const [first, ...rest] = upset.filter((one) => one.effect === effect)
    if (!first) return []
    const again = rest.length > 0 ? ` and ${rest.map(({ wallTime }) => wallTime).join(', ')}` : ''
    return [
      {
        reason: `${effect}-run`,
        state: 'exposed',
        certain: true,
        fact: `the clock change of ${first.wallTime.slice(0, 10)} ${effect === 'skipped' ? 'skips the run' : 'runs it twice'} at ${first.wallTime.slice(11)}`,
        evidence: [
          scheduleOf(judging),
          seen(`next ${effect}`, `${first.wallTime}${again}`, judging.item.subject, 'spec', 'schedule'),
          seen('clocks change at', timeText(first.change), judging.item.subject, 'spec', 'timeZone'),
        ],
        remedy: mindClockChanges,
      },
    ]
  })
}
