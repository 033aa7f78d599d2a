// The runs of a schedule one after the other, and between them what does not run as the calendar would have it: times that
// a clock change skips or repeats, and times that Kubernetes's library misses near such a change (decision 5).
import type { Stretch, Zone } from '../contract/hazard.ts'
import { DAY, HOUR } from './calendar.ts'
import { nextMatch } from './matches.ts'
import { nextRun } from './runs.ts'
import type { FieldSchedule, Schedule } from './schedule.ts'
import { nextUpset } from './walk.ts'
import { firstRun } from './wall-clock.ts'

/**
 * `first`, `second`: its local time comes twice, and this is the one or the other.
 * `skipped`: no run, since the clock change at `change` leaves out its local time.
 * `passed-over`: no run, since the library misses it, though its local time comes. `unplanned`: it runs, though its local time
 * is not in the schedule.
 */
export type Mark = 'first' | 'second' | 'skipped' | 'passed-over' | 'unplanned'

/** A run, or a planned time that comes to none. */
export interface PlannedRun {
  /** ms UTC; of a skipped one: when it would be if the clock had not changed. */
  readonly at: number
  /** ms to add for local time; of a skipped one: before the change. */
  readonly offset: number
  readonly mark?: Mark
  /** ms UTC of the clock change that the mark is about. */
  readonly change?: number
}

/** Whether a mark says that nothing runs. */
export const isRun = ({ mark }: PlannedRun): boolean => mark !== 'skipped' && mark !== 'passed-over'

const everyHour = 2 ** 24 - 1

/**
 * All that is planned strictly after `after` (ms UTC), in order, without end; it ends where Kubernetes finds no run within five
 * years. `zone` is used where the schedule names none. Of a schedule of every hour nothing is told as skipped where whole hours
 * are left out: its next run comes as it should.
 */
export function* plannedRuns(schedule: Schedule, zone: Zone, after: number): Generator<PlannedRun, void> {
  const used = schedule.zone ?? zone
  let at = after
  for (;;) {
    const run = nextRun(schedule, zone, at)
    if (run === undefined) return
    if (schedule.kind === 'every' || isCalm(used, at, run)) {
      yield { at: run, offset: used.stretch(run).offset }
    } else {
      yield* between(schedule, used, at, run)
      yield markedRun(schedule, used, run)
    }
    at = run
  }
}

/** Whether no clock change is near (`after`, `upTo`] (ms UTC), so that nothing is to be marked. */
export function isCalm(zone: Zone, after: number, upTo: number): boolean {
  const { from, to } = zone.stretch(upTo)
  return after - DAY >= from && upTo + DAY < to && nextUpset(zone, Math.floor(after), upTo) === undefined
}

/** What is planned in (`after`, `before`) and comes to no run, in order of time. */
function* between(schedule: FieldSchedule, zone: Zone, after: number, before: number): Generator<PlannedRun, void> {
  let stretch = zone.stretch(after)
  let from = after
  // Where the library's walk goes right, it finds the next match.
  const astray = nextUpset(zone, Math.floor(after), before) !== undefined
  for (;;) {
    const end = Math.min(stretch.to, before)
    if (astray) yield* passedOver(schedule, zone, from, end)
    if (stretch.to > before) return
    const next = zone.stretch(stretch.to)
    const even = schedule.hours === everyHour && (next.offset - stretch.offset) % HOUR === 0
    if (!even) yield* skipped(schedule, stretch, next)
    from = stretch.to - 1
    stretch = next
  }
}

function* passedOver(schedule: FieldSchedule, zone: Zone, after: number, before: number): Generator<PlannedRun, void> {
  for (let at = nextMatch(schedule, zone, after + 1); at !== undefined && at < before; ) {
    yield { at, offset: zone.stretch(at).offset, mark: 'passed-over' }
    at = nextMatch(schedule, zone, at + 1)
  }
}

/** By the clocks of before the change, the times up to the new offset are planned and never come. */
function* skipped(
  schedule: FieldSchedule,
  { to: change, offset }: Stretch,
  next: Stretch,
): Generator<PlannedRun, void> {
  const end = change + next.offset
  let local = firstRun(schedule, change + offset, end)
  while (local < end) {
    yield { at: local - offset, offset, mark: 'skipped', change }
    local = firstRun(schedule, local + 1, end)
  }
}

function markedRun(schedule: FieldSchedule, zone: Zone, at: number): PlannedRun {
  const stretch = zone.stretch(at)
  const { offset } = stretch
  const run = { at, offset }
  const local = at + offset
  if (firstRun(schedule, local, local + 1) !== local) return { ...run, mark: 'unplanned' }
  const next = zone.stretch(stretch.to)
  if (next !== stretch && next.offset < offset && at >= stretch.to - (offset - next.offset))
    return { ...run, mark: 'first', change: stretch.to }
  const before = Number.isFinite(stretch.from) ? zone.stretch(stretch.from - 1) : stretch
  return before.offset > offset && at < stretch.from + (before.offset - offset)
    ? { ...run, mark: 'second', change: stretch.from }
    : run
}
