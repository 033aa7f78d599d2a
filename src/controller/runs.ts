// What became of the planned runs of one CronJob, seen from outside while time goes on. Pure.
import type { CronJob } from 'kubernetes-types/batch/v1.js'
import type { Zone } from '../contract/hazard.ts'
import { timeOf } from '../objects/time.ts'
import { countRuns, latestRun, neverFires, nextRun } from '../schedule/runs.ts'
import type { Timing } from '../schedule/timing.ts'

/** So late a run may start without anybody being to blame: ten looks of the polling controller of up to 1.20 (ms). */
export const patience = 100_000

/** What is carried on. Times in ms UTC. */
export interface Track {
  /** Schedule and zone: edited, it begins anew, since runs of the past are nobody's then. */
  readonly says: string
  /** Runs up to here are settled: started, or counted as missed. */
  readonly upTo: number
  /** Runs after that which were seen to be started. */
  readonly started: readonly number[]
}

export interface Progress {
  readonly next?: number
  readonly last?: number
  /** Runs that will not start any more and of which that was not said before. */
  readonly missed: number
  /** The first run that has not started for longer than `patience`, though nothing that its owner wishes holds it back. */
  readonly overdue?: number
  readonly track?: Track
}

/**
 * A run is missed for good once a later one is due, since controllers make up for the latest only, or its deadline is over.
 * What was due before the first look is not counted: whether it ran is not known.
 * @param now ms UTC.
 */
export function progress(cronJob: CronJob, timing: Timing, now: number, before?: Track): Progress {
  const { spec, status, metadata } = cronJob
  const last = timeOf(status?.lastScheduleTime)
  const shown = last === undefined ? {} : { last }
  if (!('schedule' in timing) || spec?.suspend === true || neverFires(timing.schedule)) return { ...shown, missed: 0 }
  const { schedule, zone } = timing
  const next = nextRun(schedule, zone, now)
  const known = before?.says === saysOf(cronJob, zone) ? before : begun(cronJob, zone, now)
  const started = last === undefined || known.started.includes(last) ? known.started : [...known.started, last]
  const due = settledUpTo(timing, known.upTo, now, spec?.startingDeadlineSeconds)
  const missed =
    due > known.upTo
      ? countRuns(schedule, zone, known.upTo, due) - started.filter((run) => run > known.upTo && run <= due).length
      : 0
  const upTo = Math.max(due, known.upTo)
  const track = { says: known.says, upTo, started: started.filter((run) => run > upTo) }
  const since = last ?? timeOf(metadata?.creationTimestamp) ?? now
  const first = isHeldBack(cronJob) ? undefined : nextRun(schedule, zone, since)
  return {
    ...(next !== undefined && { next }),
    ...shown,
    missed: Math.max(0, missed),
    ...(first !== undefined && first < now - patience && { overdue: first }),
    track,
  }
}

const saysOf = ({ spec }: CronJob, zone: Zone): string => `${spec?.schedule} in ${zone.name}`

const begun = (cronJob: CronJob, zone: Zone, now: number): Track => ({
  says: saysOf(cronJob, zone),
  upTo: now,
  started: [],
})

/** Up to when every run has started or never will. */
function settledUpTo(
  { schedule, zone }: Extract<Timing, { schedule: unknown }>,
  upTo: number,
  now: number,
  deadline: number | undefined,
): number {
  const latest = latestRun(schedule, zone, upTo, now)
  if (latest === undefined) return upTo
  return deadline !== undefined && latest + deadline * 1000 < now ? latest : latest - 1
}

/** With Forbid a run that takes its time holds back the others: that is its owner's wish. */
const isHeldBack = ({ spec, status }: CronJob): boolean =>
  spec?.concurrencyPolicy === 'Forbid' && (status?.active?.length ?? 0) > 0

/** Notes that a run was started, as a state of the CronJob shows that may be gone before the next look. */
export function noteStarted(track: Track, cronJob: CronJob): Track {
  const last = timeOf(cronJob.status?.lastScheduleTime)
  if (last === undefined || last <= track.upTo || track.started.includes(last)) return track
  return { ...track, started: [...track.started, last] }
}
