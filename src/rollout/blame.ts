// Who is to blame for a request that failed: what it looked like from outside, and what happened to whom at that moment.
import type { Moment, PodCourse } from './moments.ts'
import type { Gap, ReadyEndpoints } from './timeline.ts'

/**
 * What a client met. `refused`: nobody listened. `cut-off`: its connection broke before the whole answer was there. `502`, `503`,
 * `504`: what proxies answer for an application that they could not reach, would not ask, or that was mute. `status`: any other
 * answer that is no success.
 */
export type How =
  | 'refused'
  | 'cut-off'
  | '502'
  | '503'
  | '504'
  | 'status'
  | 'timed-out'
  | 'dns'
  | 'tls'
  | 'unreachable'
  | 'slow'
  | 'other'

/**
 * What happened then. `stopping`: a Pod that had got SIGTERM was sent to. `killed`: one that was killed at the end of its grace period.
 * `crashed`: one whose container ended by itself. `unready`: one that stopped being ready. `starting`: one that had just become ready.
 * `front`: whoever listens at the URL was not there, and no Pod was to blame. `unwatched`: the API server was away, so nothing is known.
 */
export type Culprit =
  | 'stopping'
  | 'killed'
  | 'crashed'
  | 'none-ready'
  | 'unready'
  | 'starting'
  | 'reload'
  | 'route-changed'
  | 'front'
  | 'name'
  | 'certificate'
  | 'unwatched'
  | 'unknown'

/** A request that failed, or took too long; ms from the start of the load. */
export interface Hurt {
  readonly how: How
  readonly sentMs: number
  readonly endedMs: number
  /** Its connection had carried another one before. */
  readonly reused: boolean
}

export interface Scene {
  readonly courses: readonly PodCourse[]
  readonly moments: readonly Moment[]
  readonly gaps: readonly Gap[]
  readonly readyEndpoints: readonly ReadyEndpoints[]
}

export interface Blame {
  readonly culprit: Culprit
  readonly pod?: string
  /** How long before the request was sent that happened, ms; negative: while it was under way, or its news came later. */
  readonly beforeMs?: number
  /** Other Pods that it may have been as well. */
  readonly others: readonly string[]
}

/** News of the API come so much (ms) after what they tell of. */
const newsLate = 300
/** The kubelet tells of a container that has ended by itself within a second or two: it looks each second (pleg/generic.go). */
const endsLate = 3_000
/** A proxy that has not learnt of a change after so long (ms) does not learn of it by itself. */
const proxiesLate = 30_000
/** A readiness probe fails three times, ten seconds apart (core/v1 Probe), until it says so (ms). */
const probesLate = 30_000
/** A Pod that has been ready for longer (ms) is not new any more. */
const freshly = 3_000
/** An ingress controller takes up a change of a route within this time (ms). */
const routesLate = 10_000

/** Blames one of all that happened. A guess is none: what fits nothing is `unknown`. */
export function blame(hurt: Hurt, scene: Scene): Blame {
  if (hurt.how === 'dns') return { culprit: 'name', others: [] }
  if (hurt.how === 'tls') return { culprit: 'certificate', others: [] }
  return (
    byReload(hurt, scene, hurt.reused) ??
    byNoEndpoint(hurt, scene) ??
    byStoppedPod(hurt, scene) ??
    byUnwatched(hurt, scene) ??
    byUnreadyPod(hurt, scene) ??
    byNewPod(hurt, scene) ??
    byRoute(hurt, scene) ??
    byReload(hurt, scene, true) ?? {
      culprit: hurt.how === 'refused' || hurt.how === 'unreachable' ? 'front' : 'unknown',
      others: [],
    }
  )
}

/** A connection that was kept is cut where the worker that held it ends, which is the reload's doing whatever Pods do. */
function byReload({ how, sentMs, endedMs }: Hurt, { moments }: Scene, fits: boolean): Blame | undefined {
  if (how !== 'cut-off' || !fits) return undefined
  const reload = moments.findLast(
    ({ what, atMs }) => what === 'reload' && atMs >= sentMs - newsLate && atMs <= endedMs + newsLate,
  )
  return reload && { culprit: 'reload', beforeMs: sentMs - reload.atMs, others: [] }
}

/** What is under way goes on where its Pod does, whatever endpoints there are. */
function byNoEndpoint({ how, sentMs }: Hurt, { readyEndpoints }: Scene): Blame | undefined {
  if (how === 'cut-off') return undefined
  const then = readyEndpoints.findLast(({ atMs }) => atMs <= sentMs)
  return then?.count === 0 ? { culprit: 'none-ready', beforeMs: sentMs - then.atMs, others: [] } : undefined
}

/** From when on (ms) a Pod did not serve any more, and why. */
interface Stop {
  readonly course: PodCourse
  readonly culprit: 'stopping' | 'killed' | 'crashed'
  readonly fromMs: number
  readonly lateMs: number
}

function byStoppedPod({ sentMs, endedMs }: Hurt, { courses }: Scene): Blame | undefined {
  const stops = courses
    .flatMap(stopsOf)
    .filter(({ course, fromMs, lateMs }) => fromMs - lateMs <= endedMs && sentMs <= untilMs(course, fromMs))
    .toSorted((a, b) => b.fromMs - a.fromMs)
  const [latest] = stops
  if (!latest) return undefined
  const others = stops.map(({ course }) => course.name).filter((name) => name !== latest.course.name)
  return {
    culprit: latest.culprit,
    pod: latest.course.name,
    beforeMs: sentMs - latest.fromMs,
    others: [...new Set(others)],
  }
}

/** SIGKILL ends a process with 128 + 9; the kernel's kill for want of memory is told apart by its reason. */
const wasKilled = ({ deletedMs, graceSeconds = 0, ended }: PodCourse): boolean =>
  ended !== undefined &&
  deletedMs !== undefined &&
  ended.exitCode === 137 &&
  ended.reason !== 'OOMKilled' &&
  ended.atMs >= deletedMs + graceSeconds * 1000 - newsLate

function stopsOf(course: PodCourse): Stop[] {
  const { deletedMs, sigtermMs, ended } = course
  if (deletedMs === undefined || (ended && ended.atMs < deletedMs)) {
    return ended ? [{ course, culprit: 'crashed', fromMs: ended.atMs, lateMs: endsLate }] : []
  }
  const told = sigtermMs ?? ended?.atMs ?? deletedMs
  const stop: Stop = { course, culprit: 'stopping', fromMs: Math.min(told, ended?.atMs ?? told), lateMs: newsLate }
  return ended && wasKilled(course)
    ? [stop, { course, culprit: 'killed', fromMs: ended.atMs, lateMs: newsLate }]
    : [stop]
}

/** Until when (ms) somebody may send to it: as long as it is listed, and as proxies need to learn that it is not. */
function untilMs({ endpointRemovedMs, goneMs, ended, deletedMs, ready }: PodCourse, fromMs: number): number {
  if (deletedMs === undefined && ended && ready?.is && ready.sinceMs > ended.atMs) return ready.sinceMs // it runs again
  const known = [endpointRemovedMs, goneMs].filter((one) => one !== undefined)
  return known.length === 0 ? Number.POSITIVE_INFINITY : Math.max(fromMs, ...known) + proxiesLate
}

function byUnwatched({ sentMs, endedMs }: Hurt, { gaps }: Scene): Blame | undefined {
  const gap = gaps.find(({ fromMs, toMs }) => fromMs <= endedMs && sentMs <= (toMs ?? Number.POSITIVE_INFINITY))
  return gap && { culprit: 'unwatched', others: [] }
}

function byUnreadyPod({ sentMs, endedMs }: Hurt, { courses }: Scene): Blame | undefined {
  const found = courses.find(
    ({ ready, deletedMs, ended }) =>
      ready?.is === false &&
      deletedMs === undefined &&
      !ended &&
      ready.sinceMs >= sentMs - newsLate - proxiesLate &&
      ready.sinceMs <= endedMs + probesLate,
  )
  return found && { culprit: 'unready', pod: found.name, beforeMs: sentMs - (found.ready?.sinceMs ?? 0), others: [] }
}

function byNewPod({ sentMs, endedMs }: Hurt, { courses }: Scene): Blame | undefined {
  const found = courses.find(
    ({ wasThere, servingMs }) =>
      !wasThere && servingMs !== undefined && servingMs - newsLate <= endedMs && sentMs <= servingMs + freshly,
  )
  return found && { culprit: 'starting', pod: found.name, beforeMs: sentMs - (found.servingMs ?? 0), others: [] }
}

function byRoute({ sentMs, endedMs }: Hurt, { moments }: Scene): Blame | undefined {
  const change = moments.findLast(
    ({ what, atMs }) => what === 'route-changed' && atMs >= sentMs - routesLate && atMs <= endedMs + newsLate,
  )
  return change && { culprit: 'route-changed', beforeMs: sentMs - change.atMs, others: [] }
}
