// What the spec of a ZonedCronJob says of its times.
import { createHash } from 'node:crypto'
import type { Zones } from '../contract/hazard.ts'
import { timeOf, timeText } from '../objects/time.ts'
import { parseSchedule } from '../schedule/parse.ts'
import { ScheduleError } from '../schedule/schedule.ts'
import { zonePrefix } from '../schedule/timing.ts'
import { type Plan, planOf } from './plan.ts'
import { defaults, longestName, type Observed, type Preview, type ZonedCronJob } from './zoned-cronjob.ts'

export const invalidReasons = ['InvalidSchedule', 'UnknownTimeZone', 'InvalidName', 'InvalidValue'] as const

/** Why a spec can't be used; `field`: a path such as `spec.timeZone`. */
export interface Invalid {
  readonly reason: (typeof invalidReasons)[number]
  readonly field: string
  readonly message: string
}

export const observedOf = ({ spec }: ZonedCronJob): Observed => ({
  schedule: spec.schedule,
  timeZone: spec.timeZone ?? defaults.timeZone,
  skipped: spec.daylightSaving?.skipped ?? defaults.skipped,
  repeated: spec.daylightSaving?.repeated ?? defaults.repeated,
  suspend: spec.suspend ?? false,
})

export const sameTiming = (a: Observed, b: Observed): boolean =>
  a.schedule === b.schedule && a.timeZone === b.timeZone && a.skipped === b.skipped && a.repeated === b.repeated

/** When it was created (ms UTC): no run is older. */
export const createdAt = ({ metadata }: ZonedCronJob): number => timeOf(metadata?.creationTimestamp) ?? 0

/** @param since when the object was created, ms UTC. */
export function planFor(observed: Observed, since: number, zones: Zones): Plan | Invalid {
  const invalid = (reason: Invalid['reason'], field: string, message: string): Invalid => ({ reason, field, message })
  if (zonePrefix(observed.schedule)) {
    return invalid(
      'InvalidSchedule',
      'spec.schedule',
      'a zone does not belong into the schedule, but into spec.timeZone',
    )
  }
  const zone = zones.find(observed.timeZone)
  if (!zone) {
    return invalid('UnknownTimeZone', 'spec.timeZone', `${zones.data} has no zone "${observed.timeZone}"`)
  }
  try {
    return planOf(parseSchedule(observed.schedule, zones), zone, observed, since)
  } catch (error) {
    if (error instanceof ScheduleError) return invalid('InvalidSchedule', 'spec.schedule', error.message)
    throw error
  }
}

/** What the CRD refuses at admission is looked at once more: it may be older than this, or not have been there. */
export function invalidity({ metadata, spec }: ZonedCronJob): Invalid | undefined {
  const name = metadata?.name ?? ''
  if (name.length > longestName) {
    const message = `it has ${name.length} characters; its Jobs' names leave room for ${longestName}`
    return { reason: 'InvalidName', field: 'metadata.name', message }
  }
  if (typeof spec.schedule !== 'string' || spec.schedule === '') {
    return { reason: 'InvalidSchedule', field: 'spec.schedule', message: 'it is missing' }
  }
  if (!spec.jobTemplate?.spec?.template) {
    return { reason: 'InvalidValue', field: 'spec.jobTemplate.spec.template', message: 'it is missing' }
  }
  const counts = {
    'spec.successfulJobsHistoryLimit': spec.successfulJobsHistoryLimit,
    'spec.failedJobsHistoryLimit': spec.failedJobsHistoryLimit,
    'spec.startingDeadlineSeconds': spec.startingDeadlineSeconds,
    'spec.missedRuns.limit': spec.missedRuns?.limit,
    'spec.missedRuns.deadlineSeconds': spec.missedRuns?.deadlineSeconds,
    'spec.spread.windowSeconds': spec.spread?.windowSeconds,
    'spec.jobTemplate.spec.ttlSecondsAfterFinished': spec.jobTemplate.spec.ttlSecondsAfterFinished,
  }
  const bad = Object.entries(counts).find(
    ([, value]) => value !== undefined && !(Number.isInteger(value) && value >= 0),
  )
  return bad && { reason: 'InvalidValue', field: bad[0], message: `${bad[1]} is no whole number from 0 on` }
}

/** By how much its runs start later (ms): a part of the window that its uid draws, in whole seconds. */
export function spreadOf({ metadata, spec }: ZonedCronJob): number {
  const seconds = spec.spread?.windowSeconds ?? 0
  if (seconds === 0) return 0
  const drawn = createHash('sha256')
    .update(metadata?.uid ?? '')
    .digest()
    .readUInt32BE(0)
  return (drawn % seconds) * 1000
}

const previewed = 5

/** The next runs after an instant (ms UTC), in UTC and by the clocks of the zone. */
export function previewOf(plan: Plan, timeZone: string, zones: Zones, after: number): readonly Preview[] {
  const zone = zones.find(timeZone)
  const previews: Preview[] = []
  for (let run = plan.next(after); run && previews.length < previewed; run = plan.next(run.at)) {
    const offset = zone?.stretch(run.at).offset ?? 0
    previews.push({ utc: timeText(run.at), local: localText(run.at, offset), ...(run.note && { note: run.note }) })
  }
  return previews
}

function localText(ms: number, offset: number): string {
  const minutes = Math.abs(Math.round(offset / 60_000))
  const two = (value: number): string => String(value).padStart(2, '0')
  // Only what is counted from a creation has seconds.
  const length = ms % 60_000 === 0 ? 16 : 19
  const local = new Date(ms + offset).toISOString().slice(0, length).replace('T', ' ')
  return `${local} ${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}
