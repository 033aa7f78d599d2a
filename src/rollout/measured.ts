// What a load met, as it comes: what was lost and what was slow, request by request, and the course of all others.
import type { How, Hurt } from './blame.ts'
import { isRaceForConnection, type Outcome } from './outcomes.ts'

/** A request that was lost, or slow. */
export interface HurtRequest extends Hurt {
  readonly plannedMs: number
  /** The system's or the proxy's own words. */
  readonly said: string
  /** A kept connection was closed under it, so that most clients would send it again (RFC 9110, 9.2.2). */
  readonly again: boolean
  readonly lane: string
  /** Over a connection of its own. */
  readonly fresh: boolean
}

/** What was due within a stretch of time. */
export interface Bucket {
  readonly fromMs: number
  readonly sent: number
  readonly lost: number
  /** Of those that were served, ms; undefined if none was. */
  readonly p50Ms: number | undefined
  readonly worstMs: number | undefined
}

/** Width of a bucket, ms. */
export const bucketMs = 250
/** More are counted, but not kept one by one. */
const mostKept = 20_000

interface Filling {
  sent: number
  lost: number
  readonly latencies: number[]
}

export interface MeasuredOptions {
  /** An answer that took longer (ms, from when it was due) is slow. */
  readonly slowMs: number
  /** The header of an answer in which the Pod stands that gave it, lower case. */
  readonly podHeader?: string
}

export class Measured {
  readonly #options: MeasuredOptions
  readonly #buckets: Filling[] = []
  readonly #lastServed = new Map<string, number>()
  readonly lost: HurtRequest[] = []
  readonly slow: HurtRequest[] = []
  sent = 0
  lostCount = 0
  slowCount = 0
  /** What this machine itself could not send. */
  exhausted = 0

  constructor(options: MeasuredOptions) {
    this.#options = options
  }

  take(lane: string, fresh: boolean, outcome: Outcome): void {
    if ('failure' in outcome.result && outcome.result.failure === 'exhausted') {
      this.exhausted++
      return
    }
    this.sent++
    const bucket = this.#bucket(outcome.plannedMs)
    bucket.sent++
    const how = howLost(outcome)
    const latency = outcome.endedMs - outcome.plannedMs
    if (how === undefined) this.#served(outcome, fresh, bucket)
    else bucket.lost++
    const isSlow = how === undefined && latency > this.#options.slowMs
    if (how === undefined && !isSlow) return
    const { plannedMs, sentMs, endedMs, reused } = outcome
    const said = 'failure' in outcome.result ? outcome.result.message : `${outcome.result.status}`
    const again = how === 'cut-off' && (isRaceForConnection(outcome) || (reused && isNotTakenUp(outcome)))
    const hurt: HurtRequest = { how: how ?? 'slow', plannedMs, sentMs, endedMs, reused, said, again, lane, fresh }
    const [all, count] = how === undefined ? [this.slow, ++this.slowCount] : [this.lost, ++this.lostCount]
    if (count <= mostKept) all.push(hurt)
  }

  /** When the last request was sent (ms) that a Pod answered over a connection of its own, by what the answers call it. */
  get lastServed(): ReadonlyMap<string, number> {
    return this.#lastServed
  }

  /** Without a gap, from the start. */
  buckets(): Bucket[] {
    return Array.from(this.#buckets, (filling, place) => {
      const { sent = 0, lost = 0, latencies = [] } = filling ?? {}
      const sorted = latencies.toSorted((a, b) => a - b)
      const p50Ms = sorted[Math.ceil(sorted.length / 2) - 1]
      return { fromMs: place * bucketMs, sent, lost, p50Ms, worstMs: sorted.at(-1) }
    })
  }

  #served({ plannedMs, sentMs, endedMs, result }: Outcome, fresh: boolean, bucket: Filling): void {
    bucket.latencies.push(endedMs - plannedMs)
    const { podHeader } = this.#options
    const pod = podHeader !== undefined && 'headers' in result ? result.headers[podHeader] : undefined
    if (fresh && pod !== undefined) this.#lastServed.set(pod, Math.max(this.#lastServed.get(pod) ?? 0, sentMs))
  }

  #bucket(plannedMs: number): Filling {
    const place = Math.max(0, Math.floor(plannedMs / bucketMs))
    let found = this.#buckets[place]
    if (!found) {
      found = { sent: 0, lost: 0, latencies: [] }
      this.#buckets[place] = found
    }
    return found
  }
}

const isNotTakenUp = ({ result }: Outcome): boolean =>
  'failure' in result && (result.failure === 'going-away' || result.failure === 'stream-refused')

/**
 * How a request was lost; undefined if it was served. The URL was asked before the load began, and answered with a success: so any
 * other answer is none of its own.
 */
export function howLost({ result }: Outcome): How | undefined {
  if ('status' in result) {
    if (result.status < 400) return undefined
    const ofProxy = (['502', '503', '504'] as const).find((one) => one === String(result.status))
    return ofProxy ?? 'status'
  }
  switch (result.failure) {
    case 'refused':
    case 'dns':
    case 'unreachable':
    case 'timed-out':
      return result.failure
    case 'tls':
    case 'not-http2':
      return 'tls'
    case 'exhausted':
    case 'other':
      return 'other'
    default:
      return 'cut-off'
  }
}
