// What CronJobs and ZonedCronJobs are planned to do within a window: asked of each by the engine, like any hazard's question.
import { z } from 'zod'
import type { Context, Hazard, Item, Subject, Verdict, Zone } from '../contract/hazard.ts'
import { detector, hazard, list } from '../contract/reads.ts'
import { clear, unknown } from '../contract/verdicts.ts'
import { cronJobs } from '../objects/kinds.ts'
import { timeOf } from '../objects/time.ts'
import { type Load, loadOf } from '../schedule/load.ts'
import { quoted } from '../schedule/refusals.ts'
import type { Schedule } from '../schedule/schedule.ts'
import { knowsTimeZone, timingOf } from '../schedule/timing.ts'
import { type ZonedCronJob, zonedCronJobs } from '../zoned-cronjob/zoned-cronjob.ts'
import { zonedPlanOf } from './cron-zoned-plan.ts'

type CronJob = NonNullable<typeof cronJobs.shape>

/** One of them and its runs in the window. */
export interface Plan {
  readonly subject: Subject
  readonly schedule: Schedule
  readonly zone: Zone
  readonly zoneBy: 'spec.timeZone' | 'schedule' | 'controller' | 'default'
  /** By how much its runs start later than planned (ms); `load` has it in it. */
  readonly spreadMs?: number
  /** Which ZonedCronJob made it. */
  readonly maker?: string
  readonly suspended: boolean
  readonly load: Load
}

/** The question, and what was answered so far; who asks it of several clusters finds in a subject which one it is of. */
export interface Planning {
  readonly hazard: Hazard
  /** Of each subject that was asked about and could be read. */
  readonly plans: ReadonlyMap<Subject, Plan>
}

/** @param controllerZone the zone of kube-controller-manager. `windowMs`: from the time of the look on. */
export function planning(controllerZone: string, windowMs: number): Planning {
  const plans = new Map<Subject, Plan>()
  const manifest = detector({
    of: list(cronJobs),
    with: {},
    judge(item: Item<CronJob>, _view, context: Context): Verdict<never> {
      const plan = planOf(item, context, controllerZone, windowMs)
      if (typeof plan === 'string') return unknown(plan)
      plans.set(item.subject, plan)
      return clear
    },
  })
  const zoned = detector({
    of: list(zonedCronJobs),
    with: {},
    judge(item: Item<ZonedCronJob>, _view, context: Context): Verdict<never> {
      const plan = zonedPlanOf(item, context, windowMs)
      if (typeof plan === 'string') return unknown(plan)
      plans.set(item.subject, plan)
      return clear
    },
  })
  return {
    hazard: hazard({
      id: 'planned-runs',
      title: 'When it runs',
      severity: 'low',
      settings: z.object({}),
      reasons: {},
      manifest: [manifest, zoned],
    }),
    plans,
  }
}

/** A text says why there is no plan. */
function planOf(
  { subject, object }: Item<CronJob>,
  { now, zones, version }: Context,
  controllerZone: string,
  windowMs: number,
): Plan | string {
  const { spec, status, metadata } = object
  const timing = timingOf(spec, zones, controllerZone, version)
  if ('unknownZone' in timing) return `the time zone ${timing.unknownZone} is not in ${zones.data}`
  if ('unparseable' in timing)
    return `spec.schedule: Invalid value: ${quoted(String(spec?.schedule ?? ''))}: ${timing.unparseable}`
  const { schedule, zone } = timing
  const maker = metadata?.ownerReferences?.find(
    ({ kind, controller }) => kind === 'ZonedCronJob' && controller === true,
  )
  const since = timeOf(status?.lastScheduleTime) ?? timeOf(metadata?.creationTimestamp)
  return {
    ...{ subject, schedule },
    zone: schedule.zone ?? zone,
    zoneBy: schedule.zone
      ? 'schedule'
      : knowsTimeZone(version) && typeof spec?.timeZone === 'string'
        ? 'spec.timeZone'
        : 'controller',
    suspended: spec?.suspend === true,
    ...(maker && { maker: maker.uid }),
    load: loadOf(schedule, zone, since, now, now + windowMs),
  }
}
