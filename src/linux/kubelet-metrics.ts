// What the kubelet's own metrics tell of its relists, from the text that it serves at /metrics. The names are those of
// 1.14 to today (pkg/kubelet/metrics/metrics.go).
import { numberOf, sampleOf } from '../objects/prometheus-text.ts'

/** Cumulative, as Prometheus has them. */
export interface Bucket {
  /** Seconds; Infinity for the last. */
  readonly upTo: number
  readonly count: number
}

/** Durations in seconds. */
export interface Histogram {
  readonly count: number
  readonly sum: number
  /** In the order of their limits. */
  readonly buckets: readonly Bucket[]
}

/** What could be found; a kubelet that has not relisted yet has none of it. */
export interface PlegMetrics {
  /** ms UTC, to the second. Set only when the kubelet asks for its health, every few seconds; 0 before: then absent. */
  readonly lastSeen?: number
  /** How long relists took. One that hangs is counted when it ends. */
  readonly duration?: Histogram
  /** How long it took from the start of one to that of the next. */
  readonly interval?: Histogram
}

const names = {
  lastSeen: 'kubelet_pleg_last_seen_seconds',
  duration: 'kubelet_pleg_relist_duration_seconds',
  interval: 'kubelet_pleg_relist_interval_seconds',
}

/**
 * Reads the three metrics and passes over every other line. @throws Error naming the line if one of theirs can't be read,
 * or comes twice: then it is the text of more than one kubelet.
 */
export function parsePlegMetrics(text: string): PlegMetrics {
  const seen = new Map<string, number>()
  const buckets = new Map<string, Bucket[]>()
  for (const [place, line] of text.split('\n').entries()) {
    if (!Object.values(names).some((name) => line.trimStart().startsWith(name))) continue
    const fail = (what: string): never => {
      throw new Error(`line ${place + 1}: ${what}: ${line.trim()}`)
    }
    const sample = sampleOf(line.trim()) ?? fail('not a sample of a metric')
    const isBucket = sample.name.endsWith('_bucket')
    const key = isBucket ? `${sample.name} ${sample.labels.le ?? fail('a bucket without le')}` : sample.name
    if (seen.has(key)) fail('a second value; is this the text of one kubelet?')
    seen.set(key, sample.value)
    if (!isBucket) continue
    const upTo = numberOf(sample.labels.le ?? '') ?? fail('le is no number')
    const own = buckets.get(sample.name) ?? []
    own.push({ upTo, count: sample.value })
    buckets.set(sample.name, own)
  }
  const histogram = (name: string): Histogram | undefined => {
    const count = seen.get(`${name}_count`)
    const sum = seen.get(`${name}_sum`)
    if (count === undefined || sum === undefined) return undefined
    return { count, sum, buckets: (buckets.get(`${name}_bucket`) ?? []).toSorted((a, b) => a.upTo - b.upTo) }
  }
  const lastSeen = seen.get(names.lastSeen)
  const duration = histogram(names.duration)
  const interval = histogram(names.interval)
  return {
    ...(lastSeen && { lastSeen: lastSeen * 1000 }),
    ...(duration && { duration }),
    ...(interval && { interval }),
  }
}
