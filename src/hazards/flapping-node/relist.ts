// What the kubelet's own metrics tell of the relist that it is in, and what will come of it. Times in ms UTC, durations in ms.
import type { PlegSeen } from '../../linux/kubelet.ts'
import type { Histogram } from '../../linux/kubelet-metrics.ts'

/** A kubelet that relists every second; with events of the runtime every 5 minutes, and is unhealthy later (KEP-3386). */
const paces = {
  relisting: { thresholdMs: 180_000, hangsAfterMs: 30_000 },
  evented: { thresholdMs: 600_000, hangsAfterMs: 330_000 },
}

export interface Relist {
  /** When the last one began of which the list of containers came. */
  readonly began: number
  readonly ageMs: number
  readonly thresholdMs: number
  /** So old that it is not the time between two relists. */
  readonly hangs: boolean
  /** The kubelet calls itself unhealthy, and the node NotReady. */
  readonly over: boolean
}

/** Undefined for a kubelet that has not relisted yet. */
export function relistOf({ at, lastSeen, evented }: PlegSeen): Relist | undefined {
  if (lastSeen === undefined) return undefined
  const { thresholdMs, hangsAfterMs } = evented ? paces.evented : paces.relisting
  const ageMs = Math.max(at - lastSeen, 0)
  return { began: lastSeen, ageMs, thresholdMs, hangs: ageMs >= hangsAfterMs, over: ageMs > thresholdMs }
}

/** Relists that took longer than the histogram can tell apart (10 s), and what each took at least, on average. */
export interface LongRelists {
  readonly times: number
  readonly of: number
  readonly atLeastMs: number
}

export function longRelists(duration: Histogram | undefined): LongRelists {
  if (!duration) return { times: 0, of: 0, atLeastMs: 0 }
  let [counted, most, longest] = [0, 0, 0]
  for (const { upTo, count } of duration.buckets.filter((bucket) => Number.isFinite(bucket.upTo))) {
    most += (count - counted) * upTo
    counted = count
    longest = upTo
  }
  const times = duration.count - counted
  const each = times > 0 ? Math.max((duration.sum - most) / times, longest) : 0
  return { times, of: duration.count, atLeastMs: Math.round(each * 1000) }
}

/** `--runtime-request-timeout`: one inspection is given up after that; the rest of its Pod is not asked for then. */
const inspectionMs = 120_000

export interface Hang {
  readonly relist: Pick<Relist, 'ageMs' | 'thresholdMs'>
  /** Pods of which a container is mute. */
  readonly mutePods: number
  /** The relist before this one hung as well: each of these Pods is inspected a second time in the same relist. */
  readonly again: boolean
}

/**
 * In how long the node will be NotReady. A relist inspects one Pod after the other (pkg/kubelet/pleg/generic.go): those that
 * changed, and after them those that failed in the relist before; so one mute Pod holds the first for 2 minutes, which is
 * no harm yet, and every later one for 4.
 */
export function notReadyIn({ relist: { ageMs, thresholdMs }, mutePods, again }: Hang): number {
  const lasts = mutePods * inspectionMs * (again ? 2 : 1)
  const endsBefore = lasts > ageMs && lasts <= thresholdMs
  return endsBefore ? lasts - ageMs + thresholdMs : thresholdMs - ageMs
}
