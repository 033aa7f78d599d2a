// What a zone's clock changes do to a schedule.
import type { Zone } from '../contract/hazard.ts'
import { countRuns, nextRun } from './runs.ts'
import type { Schedule } from './schedule.ts'

const everyHour = 2 ** 24 - 1
const everyMonth = 2 ** 12 - 1
const everyDay = 2 ** 31 - 1

/** A clock change that skips a planned time, or runs one twice. */
export interface UpsetRun {
  /** ms UTC of the change. */
  readonly change: number
  readonly effect: 'skipped' | 'doubled'
  /** The first planned time that it hits, by the clocks of before the change: `2027-03-28 02:30`. */
  readonly wallTime: string
}

/** Whether the zone decides at which instants it runs, zones of whole hours taken: not if it runs in every hour. */
export function dependsOnZone(schedule: Schedule): boolean {
  if (schedule.kind === 'every') return false
  const { hours, months, days } = schedule
  return hours !== everyHour || months !== everyMonth || days.some((some) => some !== everyDay)
}

/**
 * The clock changes in (`from`, `to`] (ms UTC) that skip or double a run. A schedule of every hour has none: after an
 * hour that is skipped or doubled its next run comes as it should.
 */
export function upsetRuns(schedule: Schedule, zone: Zone, from: number, to: number): readonly UpsetRun[] {
  if (schedule.kind === 'every' || schedule.hours === everyHour) return []
  const used = schedule.zone ?? zone
  const upset: UpsetRun[] = []
  for (let stretch = used.stretch(from); stretch.to <= to; stretch = used.stretch(stretch.to)) {
    const change = stretch.to
    const after = used.stretch(change).offset
    const effect =
      after > stretch.offset
        ? skipped(schedule, stretch.offset, after, change)
        : doubled(schedule, used, stretch.offset, after, change)
    if (effect) upset.push(effect)
  }
  return upset
}

/** By the clocks of before the change, the times up to the new offset are planned and never come. */
function skipped(schedule: Schedule, before: number, after: number, change: number): UpsetRun | undefined {
  const planned = nextRun({ ...schedule, zone: undefined }, constant(before), change - 1)
  if (planned === undefined || planned >= change + (after - before)) return undefined
  return { change, effect: 'skipped', wallTime: wallTime(planned, before) }
}

/** The times before the change come again after it; doubled are those that really run on both sides. */
function doubled(schedule: Schedule, zone: Zone, before: number, after: number, change: number): UpsetRun | undefined {
  const length = before - after
  const first = nextRun(schedule, zone, change - length - 1)
  if (first === undefined || first >= change) return undefined
  if (countRuns(schedule, zone, change - 1, change + length - 1) === 0) return undefined
  return { change, effect: 'doubled', wallTime: wallTime(first, before) }
}

const constant = (offset: number): Zone => {
  const stretch = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY, offset }
  return { name: 'constant', stretch: () => stretch }
}

const wallTime = (ms: number, offset: number): string =>
  new Date(ms + offset).toISOString().slice(0, 16).replace('T', ' ')
