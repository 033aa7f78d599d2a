// What goes on while the load is sent: restarts, or waiting for somebody else's; and the live line.
import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError } from '../kubernetes/api-error.ts'
import type { PodCourse } from '../rollout/moments.ts'
import { type Progress, progressOf } from '../rollout/workload.ts'
import type { RunningLanes } from './rollout-load.ts'
import { readWorkload } from './rollout-place.ts'
import { restart } from './rollout-restart.ts'
import type { Rolling } from './rollout-run.ts'
import type { RolloutWatch } from './rollout-watch.ts'

export interface RollingOn extends Rolling {
  readonly watch: RolloutWatch
  readonly running: RunningLanes | undefined
  /** By `io.ticks`. */
  readonly startAt: number
  readonly show: (text: string) => void
}

export interface Ending {
  readonly complete: boolean
  readonly text: string
  readonly restarts: number
  readonly notes: readonly string[]
}

/** How a service does at rest is seen first, and how it does after it (ms): proxies may be late. */
const before = 2_000
const after = 3_000
/** How often the workload is looked at, and the live line written (ms). */
const looksEvery = 500

/** Until the time is over, each restart is complete, or somebody stops it. */
export async function whileRolling(on: RollingOn): Promise<Ending> {
  const { options, io } = on
  const live = setInterval(() => on.show(liveLine(on)), looksEvery)
  const notes: string[] = []
  let restarts = 0
  const end = (complete: boolean, text: string): Ending => ({ complete, text, restarts, notes })
  try {
    if (!options.restart) {
      await pause(options.for, io.signal)
      return end(true, io.signal.aborted ? 'stopped early' : 'the time was over')
    }
    await pause(before, io.signal)
    while (restarts < options.times && !io.signal.aborted) {
      const audit = await restart(on.place, on.client, io)
      if (audit.outcome !== 'done') {
        return end(false, `not restarted: ${audit.because ?? audit.outcome}${audit.rail ? ` (${audit.rail})` : ''}`)
      }
      restarts++
      on.watch.timeline.add({ atMs: io.ticks() - on.startAt, what: 'restart', text: `restart ${restarts}` })
      const late = await untilComplete(on)
      if (late !== undefined && !io.signal.aborted)
        return end(false, `not complete within ${options.for / 1000} s: ${late}`)
      await pause(after, io.signal)
    }
    return io.signal.aborted
      ? end(true, 'stopped early')
      : end(true, restarts === 1 ? 'complete' : `${restarts} restarts complete`)
  } finally {
    clearInterval(live)
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  sleep(ms, undefined, { signal }).catch(() => undefined)

/** Also until the old Pods are gone: they are what may be sent to in vain. @returns how far it came, if it took too long. */
async function untilComplete({ place, client, options, io, watch }: RollingOn): Promise<string | undefined> {
  const until = io.ticks() + options.for
  let last: Progress = { done: false, text: 'not looked at yet' }
  while (io.ticks() < until && !io.signal.aborted) {
    await pause(looksEvery, io.signal)
    last = await progress({ place, client }, last)
    const stopping = watch.timeline.courses.filter(isStopping)
    if (last.done && stopping.length === 0) return undefined
    if (last.done) last = { done: false, text: `${last.text}, ${stopping.length} still stopping` }
  }
  return last.text
}

const isStopping = ({ deletedMs, goneMs }: PodCourse): boolean => deletedMs !== undefined && goneMs === undefined

/** An API server that is away says nothing: the load goes on, and it is asked again. */
async function progress({ place, client }: Pick<Rolling, 'place' | 'client'>, last: Progress): Promise<Progress> {
  try {
    return progressOf(place.kind.kind, await readWorkload(client, place.path, place.subject.name))
  } catch (error) {
    if (error instanceof ApiError) return { ...last, done: false }
    throw error
  }
}

function liveLine({ watch, running, io, startAt }: RollingOn): string {
  const seconds = ((io.ticks() - startAt) / 1000).toFixed(0)
  const { courses } = watch.timeline
  const stopping = courses.filter(isStopping).length
  const gone = courses.filter(({ goneMs, deletedMs = -1 }) => goneMs !== undefined && deletedMs >= 0).length
  const pods = `${stopping} ${stopping === 1 ? 'Pod' : 'Pods'} stopping, ${gone} gone`
  if (!running) return `${seconds} s: ${pods}`
  const { sent, lostCount, slowCount } = running.measured
  const slow = slowCount > 0 ? `, ${slowCount} slow` : ''
  return `${seconds} s: ${sent.toLocaleString('en')} sent, ${lostCount.toLocaleString('en')} lost${slow}; ${pods}`
}
