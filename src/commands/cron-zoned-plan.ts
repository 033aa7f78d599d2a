// When a ZonedCronJob starts its runs within a window: by its own zone, its say in clock changes, and its spread.
import type { Context, Item, Zone } from '../contract/hazard.ts'
import { timeOf } from '../objects/time.ts'
import { DAY, MINUTE } from '../schedule/calendar.ts'
import { type Load, minuteOf, type Slot } from '../schedule/load.ts'
import { parseSchedule } from '../schedule/parse.ts'
import { type PlannedRun, plannedRuns } from '../schedule/planned-runs.ts'
import type { Plan as Runs } from '../zoned-cronjob/plan.ts'
import { invalidity, observedOf, planFor, spreadOf } from '../zoned-cronjob/timing.ts'
import type { Repeated, ZonedCronJob } from '../zoned-cronjob/zoned-cronjob.ts'
import type { Plan } from './cron-plan.ts'

/** @param windowMs from the time of the look on. @returns a text says why there is no plan. */
export function zonedPlanOf(
  { subject, object }: Item<ZonedCronJob>,
  { now, zones }: Context,
  windowMs: number,
): Plan | string {
  if (!object.spec) return 'spec: it is missing'
  const observed = observedOf(object)
  const runs = invalidity(object) ?? planFor(observed, timeOf(object.metadata?.creationTimestamp) ?? now, zones)
  const zone = zones.find(observed.timeZone)
  if ('reason' in runs || !zone) return 'reason' in runs ? `${runs.field}: ${runs.message}` : observed.timeZone
  const schedule = parseSchedule(observed.schedule, zones)
  const spreadMs = spreadOf(object)
  // What starts within the window was planned by so much earlier.
  const [from, to] = [now - spreadMs, now + windowMs - spreadMs]
  const lost: PlannedRun[] = []
  if (observed.skipped === 'skip' && schedule.kind !== 'every') {
    for (const planned of plannedRuns(schedule, zone, from)) {
      if (planned.at > to) break
      if (planned.mark === 'skipped') lost.push(planned)
    }
  }
  return {
    ...{ subject, schedule, zone, spreadMs, suspended: observed.suspend },
    zoneBy: object.spec.timeZone === undefined ? 'default' : 'spec.timeZone',
    load: {
      ...startsOf(runs, from, to, spreadMs),
      lost,
      repeated: repeatedOf(runs, zone, observed.repeated, from, to),
    },
  }
}

/** A minute at a time: of @every there may be one each second. */
function startsOf(runs: Runs, from: number, to: number, spreadMs: number): Pick<Load, 'slots' | 'first'> {
  const slots: Slot[] = []
  const first = runs.next(from)?.at
  for (let at = first; at !== undefined && at <= to; ) {
    const minute = minuteOf(at + spreadMs)
    const last = Math.min(minute + MINUTE - 1 - spreadMs, to)
    slots.push({ minute, runs: runs.count(at - 1, last) })
    at = runs.next(last)?.at
  }
  return { slots, first: first !== undefined && first <= to ? first + spreadMs : undefined }
}

/** With `once` nothing runs twice, whatever the clocks show. */
function repeatedOf(runs: Runs, zone: Zone, wish: Repeated, from: number, to: number): readonly PlannedRun[] {
  const repeated: PlannedRun[] = []
  if (wish === 'once' || zone.stretch(from).to > to + DAY) return repeated
  for (let run = runs.next(from); run && run.at <= to; run = runs.next(run.at)) {
    if (run.note === 'repeated') repeated.push({ at: run.at, offset: zone.stretch(run.at).offset })
  }
  return repeated
}
