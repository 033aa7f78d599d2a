// How many runs fall into each minute of a window: where the schedules of a cluster pile up.
import type { Zone } from '../contract/hazard.ts'
import { HOUR, MINUTE, SECOND } from './calendar.ts'
import { isCalm, isRun, type PlannedRun, plannedRuns } from './planned-runs.ts'
import { latestRun, nextRun } from './runs.ts'
import type { EverySchedule, Schedule } from './schedule.ts'

/** A minute with runs. */
export interface Slot {
  /** ms UTC, where the minute begins. */
  readonly minute: number
  readonly runs: number
}

/** What a schedule does in a window. */
export interface Load {
  /** Minutes with runs, in order. */
  readonly slots: readonly Slot[]
  /** ms UTC. */
  readonly first: number | undefined
  /** What a clock change skips, or the library misses. */
  readonly lost: readonly PlannedRun[]
  /** Runs whose local time comes twice. */
  readonly repeated: readonly PlannedRun[]
}

/** Where the minute begins that holds an instant (ms UTC). */
export const minuteOf = (at: number): number => Math.floor(at / MINUTE) * MINUTE

/**
 * The runs in (`from`, `to`] (ms UTC).
 * @param since from when `@every` counts: the last run, else the creation; undefined if not known, then from `from`.
 */
export function loadOf(schedule: Schedule, zone: Zone, since: number | undefined, from: number, to: number): Load {
  if (schedule.kind === 'every') return everyLoad(schedule, zone, since ?? from, from, to)
  const slots: Slot[] = []
  if (isCalm(schedule.zone ?? zone, from, to)) {
    for (let run = nextRun(schedule, zone, from); run !== undefined && run <= to; run = nextRun(schedule, zone, run))
      slots.push({ minute: run, runs: 1 })
    return { slots, first: slots[0]?.minute, lost: [], repeated: [] }
  }
  const lost: PlannedRun[] = []
  const repeated: PlannedRun[] = []
  for (const planned of plannedRuns(schedule, zone, from)) {
    if (planned.at > to) break
    if (!isRun(planned)) lost.push(planned)
    else slots.push({ minute: minuteOf(planned.at), runs: 1 })
    if (planned.mark === 'first' || planned.mark === 'second') repeated.push(planned)
  }
  return { slots, first: slots[0]?.minute, lost, repeated }
}

/** By arithmetic: there may be one each second. */
function everyLoad(schedule: EverySchedule, zone: Zone, since: number, from: number, to: number): Load {
  const { everyMs } = schedule
  const start = latestRun(schedule, zone, since, from) ?? Math.floor(since / SECOND) * SECOND
  const upTo = (at: number): number => Math.max(0, Math.floor((at - start) / everyMs))
  const first = start + (upTo(from) + 1) * everyMs
  const slots: Slot[] = []
  for (let run = first; run <= to; ) {
    const minute = minuteOf(run)
    const last = Math.min(minute + MINUTE - 1, to)
    slots.push({ minute, runs: upTo(last) - upTo(run - 1) })
    run = start + (upTo(last) + 1) * everyMs
  }
  return { slots, first: first <= to ? first : undefined, lost: [], repeated: [] }
}

/** The runs of many schedules, added up. `of`: the places of those that run then, in the given list. */
export interface BusyMinute extends Slot {
  readonly of: readonly number[]
}

/** All minutes with runs, in order of time. */
export function minutesOf(loads: readonly Pick<Load, 'slots'>[]): readonly BusyMinute[] {
  const byMinute = new Map<number, { runs: number; of: number[] }>()
  loads.forEach(({ slots }, place) => {
    for (const { minute, runs } of slots) {
      const busy = byMinute.get(minute)
      if (busy) {
        busy.runs += runs
        busy.of.push(place)
      } else byMinute.set(minute, { runs, of: [place] })
    }
  })
  return [...byMinute].map(([minute, busy]) => ({ minute, ...busy })).sort((a, b) => a.minute - b.minute)
}

/** The runs of each hour of (`from`, `to`], also those without any; hours of UTC. */
export function hoursOf(minutes: readonly Slot[], from: number, to: number): readonly { hour: number; runs: number }[] {
  const hourOf = (at: number): number => Math.floor(at / HOUR) * HOUR
  const runs = new Map<number, number>()
  for (let hour = hourOf(from); hour <= to; hour += HOUR) runs.set(hour, 0)
  for (const { minute, runs: some } of minutes) runs.set(hourOf(minute), (runs.get(hourOf(minute)) ?? 0) + some)
  return [...runs].map(([hour, some]) => ({ hour, runs: some }))
}

/** The `count` fullest minutes, the fullest first; of equal ones the earlier. */
export const fullest = (minutes: readonly BusyMinute[], count: number): readonly BusyMinute[] =>
  minutes.toSorted((a, b) => b.runs - a.runs || a.minute - b.minute).slice(0, count)
