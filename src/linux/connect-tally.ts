// What many connects come to while they are still under way.

/** A SYN that was lost comes again after 1 s (RFC 6298, 2.1): a connect that takes longer than this has very likely lost one (ms). */
export const overdueMs = 900

/** Of one connect: how long it took or why it failed; neither is told if it is under way still, and overdue. */
export interface ConnectNews {
  readonly client: number
  /** Which of this client's, from 0. */
  readonly number: number
  /** After the first one was due (ms). */
  readonly beganMs: number
  readonly tookMs?: number
  readonly failed?: string
}

/** Counts them; a slow one counts once, as soon as it is known to be. */
export class ConnectTally {
  /** Those that ended, in the order in which that was told. */
  readonly ended: ConnectNews[] = []
  readonly #slow = new Map<string, ConnectNews>()
  #failed = 0
  #worstMs = 0

  add(news: readonly ConnectNews[]): void {
    for (const one of news) {
      const isEnded = one.tookMs !== undefined || one.failed !== undefined
      if (isEnded) this.ended.push(one)
      if (one.failed !== undefined) this.#failed++
      if (!isEnded || (one.tookMs ?? 0) >= overdueMs) this.#slow.set(`${one.client} ${one.number}`, one)
      this.#worstMs = Math.max(this.#worstMs, one.tookMs ?? (isEnded ? 0 : overdueMs))
    }
  }

  get failed(): number {
    return this.#failed
  }

  /** How many are overdue, or were when they ended. */
  get slow(): number {
    return this.#slow.size
  }

  /** The slowest so far (ms); one that is overdue counts with what is known of it. */
  get worstMs(): number {
    return this.#worstMs
  }

  /** How long each took that came about (ms). */
  get times(): readonly number[] {
    return this.ended.flatMap(({ tookMs }) => tookMs ?? [])
  }
}

/** How many are below each limit and not below the one before it; the last count is of what no limit holds. */
export function countsBelow(limits: readonly number[], values: readonly number[]): readonly number[] {
  const counts = [...limits, 0].map(() => 0)
  for (const value of values) {
    const place = limits.findIndex((limit) => value < limit)
    const at = place === -1 ? limits.length : place
    counts[at] = (counts[at] ?? 0) + 1
  }
  return counts
}
