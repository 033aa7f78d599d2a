import { setTimeout as sleep } from 'node:timers/promises'

export interface LoopOptions {
  /** From the start of one round to that of the next (ms); a round that takes longer is followed at once, never doubled. */
  readonly everyMs: () => number
  readonly signal: AbortSignal
  /** One round. It may throw: the loop goes on. */
  readonly round: () => Promise<void>
  readonly failed: (error: unknown) => void
  /** From 0 to 1, for jitter: nodes that were started at once must not ask all at once. */
  readonly random: () => number
}

/** A timer of Node takes 31 bits (ms): one that is longer, 25 days, would go off at once. */
const longestTimer = 2 ** 31 - 1
/** How much of the interval is jitter. */
const jitter = 0.1

/** Goes round until the signal is aborted. Never throws. */
export async function loop({ everyMs, signal, round, failed, random }: LoopOptions): Promise<void> {
  while (!signal.aborted) {
    const began = performance.now()
    try {
      await round()
    } catch (error) {
      if (!signal.aborted) failed(error)
    }
    const wanted = everyMs() * (1 + jitter * (random() - 0.5))
    const wait = Math.min(Math.max(0, began + wanted - performance.now()), longestTimer)
    await sleep(wait, undefined, { signal }).catch(() => undefined)
  }
}
