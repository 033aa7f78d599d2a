// How long requests go on coming to a Pod whose deletion was asked for: the wait that this cluster needs.
import type { Blame } from './blame.ts'
import type { PodCourse } from './moments.ts'
import { percentile } from './summary.ts'

/** A request that reached a Pod, or was sent to it in vain: over a connection of its own, so that whoever balances chose it anew. */
export interface Reached {
  readonly pod: string
  /** ms from the start of the load. */
  readonly sentMs: number
}

/**
 * One deletion. `measured`: the last request that was seen to come to it was sent `ms` after it. `at-most`: nothing was lost, so none
 * came after it stopped serving, `ms` after the deletion; which of them came before that, nobody told.
 */
export interface PodDrain {
  readonly pod: string
  readonly is: 'measured' | 'at-most'
  readonly ms: number
}

export interface Drain {
  /** Deletions of which something is known. */
  readonly n: number
  readonly pods: readonly PodDrain[]
  /** The 99.9th percentile of them (ms), which of fewer than 1000 is the longest; undefined of none. */
  readonly p999Ms: number | undefined
  /** Whether the longest is `at-most`: a shorter wait may do. */
  readonly isBound: boolean
  /** What lies between two requests to one Pod (ms): so much later than seen may the last one have come. */
  readonly resolutionMs: number
  /** The preStop wait to set, s; undefined while too little is known, as `because` says. */
  readonly waitSeconds: number | undefined
  readonly because: string
}

/** Fewer deletions say too little of the slowest one. */
export const leastDeletions = 20

export interface DrainInput {
  readonly courses: readonly PodCourse[]
  /** By answers that name who gave them; undefined: none do. */
  readonly served: readonly Reached[] | undefined
  /** Requests over connections of their own that were lost, and to whom. */
  readonly lost: readonly { readonly sentMs: number; readonly blame: Blame }[]
  /** Requests a second over connections of their own. */
  readonly freshPerSecond: number
  /** When the load ended, ms. */
  readonly endedMs: number
}

/** What a measured rollout says of the wait. */
export function drainOf(input: DrainInput): Drain {
  const deleted = input.courses.filter(({ deletedMs }) => deletedMs !== undefined && deletedMs >= 0)
  const pods = deleted.flatMap((course) => podDrain(course, input) ?? [])
  const [longest] = pods.toSorted((a, b) => b.ms - a.ms)
  const serving = Math.max(
    1,
    input.courses.filter(({ servingMs, wasThere }) => wasThere && servingMs !== undefined).length,
  )
  const resolutionMs = input.freshPerSecond > 0 ? (serving * 1000) / input.freshPerSecond : Number.POSITIVE_INFINITY
  const common = { n: pods.length, pods, p999Ms: percentile999(pods), isBound: longest?.is === 'at-most', resolutionMs }
  return { ...common, ...advice(common, input.freshPerSecond) }
}

/** By the nearest rank. */
function percentile999(pods: readonly PodDrain[]): number | undefined {
  const sorted = pods.map(({ ms }) => ms).toSorted((a, b) => a - b)
  return percentile(sorted, 0.999)
}

/**
 * Where it could have been one of several Pods that was sent to, it counts for the one that stopped last: of Pods that stop one after the
 * other, the last one of all shows the whole time.
 */
function podDrain(course: PodCourse, { served, lost, endedMs }: DrainInput): PodDrain | undefined {
  const { name: pod, deletedMs = 0, sigtermMs, ended, goneMs } = course
  const stopsMs = Math.min(sigtermMs ?? Number.POSITIVE_INFINITY, ended?.atMs ?? Number.POSITIVE_INFINITY)
  const stopped = Number.isFinite(stopsMs) ? stopsMs : goneMs
  // What still runs when the load ends may be sent to for longer than anybody looked.
  if (stopped === undefined || stopped > endedMs) return undefined
  const inVain = lost.filter(({ sentMs, blame }) => sentMs >= deletedMs && isTo(pod, blame)).map(({ sentMs }) => sentMs)
  const answered = (served ?? [])
    .filter((one) => one.pod === pod && one.sentMs >= deletedMs)
    .map(({ sentMs }) => sentMs)
  const last = Math.max(deletedMs, ...inVain, ...answered)
  if (inVain.length > 0 || served !== undefined) return { pod, is: 'measured', ms: last - deletedMs }
  return { pod, is: 'at-most', ms: Math.max(0, stopped - deletedMs) }
}

const isTo = (pod: string, { culprit, pod: blamed }: Blame): boolean =>
  (culprit === 'stopping' || culprit === 'killed') && blamed === pod

function advice(
  { n, p999Ms, isBound, resolutionMs }: Pick<Drain, 'n' | 'p999Ms' | 'isBound' | 'resolutionMs'>,
  freshPerSecond: number,
): Pick<Drain, 'waitSeconds' | 'because'> {
  const none = (because: string) => ({ waitSeconds: undefined, because })
  if (freshPerSecond <= 0) return none('no request was sent over a connection of its own')
  if (p999Ms === undefined) return none('no Pod was deleted while the load was sent')
  if (n < leastDeletions)
    return none(`${n} deletions were seen, and it takes ${leastDeletions} to say how slow the slowest is`)
  if (isBound) {
    return none(
      'nothing was lost, so the present wait is enough; what less would do shows only by answers that name their Pod',
    )
  }
  return {
    waitSeconds: Math.max(1, Math.ceil((p999Ms + resolutionMs) / 1000)),
    because: `the slowest of ${n} deletions`,
  }
}
