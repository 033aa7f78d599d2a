import type { WorkQueue } from './queue.ts'

export interface WorkersOptions {
  readonly queue: WorkQueue
  /** ms, monotonic. */
  readonly ticks: () => number
  /** One turn of a key. It may throw: the key then waits for its back-off. */
  readonly turn: (key: string) => Promise<void>
  readonly failed: (key: string, error: unknown) => void
}

/** A timer of Node takes 31 bits (ms): one that is longer, 25 days, would go off at once, and so on for ever. */
const longestTimer = 2 ** 31 - 1

/** Takes keys from a queue as they become due. */
export class Workers {
  readonly #options: WorkersOptions
  readonly #running = new Map<Promise<void>, number>()
  #wake = (): void => {}

  constructor(options: WorkersOptions) {
    this.#options = options
  }

  /** Puts a key into the queue. @param at ticks; default: now. */
  add(key: string, at: number = this.#options.ticks()): void {
    this.#options.queue.add(key, at)
    this.#wake()
  }

  /** How long the longest turn that is under way has taken (ms). */
  get longest(): number {
    return Math.max(0, ...[...this.#running.values()].map((began) => this.#options.ticks() - began))
  }

  /** Works until the signal is aborted, and ends when no turn is under way any more. */
  async run(signal: AbortSignal): Promise<void> {
    const { queue, ticks } = this.#options
    const stop = (): void => this.#wake()
    signal.addEventListener('abort', stop)
    while (!signal.aborted) {
      const key = queue.take(ticks())
      if (key === undefined) await this.#untilSomethingIsDue(signal)
      else this.#begin(key)
    }
    signal.removeEventListener('abort', stop)
    await Promise.all(this.#running.keys())
  }

  #begin(key: string): void {
    const { queue, ticks, turn, failed } = this.#options
    const running = turn(key).then(
      () => queue.done(key, ticks(), 'well'),
      (error: unknown) => {
        queue.done(key, ticks(), 'failed')
        failed(key, error)
      },
    )
    const ended = running.finally(() => {
      this.#running.delete(ended)
      this.#wake()
    })
    this.#running.set(ended, ticks())
  }

  #untilSomethingIsDue(signal: AbortSignal): Promise<void> {
    const { queue, ticks } = this.#options
    return new Promise((resolve) => {
      const { wakesAt } = queue
      const wait = Math.min(Math.max(0, (wakesAt ?? 0) - ticks()), longestTimer)
      const timer = wakesAt === undefined ? undefined : setTimeout(() => this.#wake(), wait)
      this.#wake = () => {
        clearTimeout(timer)
        this.#wake = () => {}
        resolve()
      }
      if (signal.aborted) this.#wake()
    })
  }
}
