// The clock that runs go by.
import { mostAhead } from '../zoned-cronjob/held-back.ts'

export interface ClockOptions {
  /** ms UTC, and ms on a clock that only goes forward. */
  readonly now: () => number
  readonly ticks: () => number
  /** How far (ms) the clock of `now` is ahead of the API server's; undefined: that never told. */
  readonly ahead: () => number | undefined
}

/** A clock that moved against the other by more than this (ms) was set. */
const clockStep = 1_500

export class ZonedClock {
  readonly #options: ClockOptions
  #offset: number | undefined

  constructor(options: ClockOptions) {
    this.#options = options
  }

  /** ms UTC: where the own clock can't be right it is the API server's, and by how much (ms) the own one is ahead. */
  read(): { readonly at: number; readonly ahead: number } {
    const by = this.#options.ahead() ?? 0
    const ahead = Math.abs(by) > mostAhead ? by : 0
    return { at: this.#options.now() - ahead, ahead }
  }

  /** Whether the own clock was set since this was asked last. */
  wasSet(): boolean {
    const { now, ticks } = this.#options
    const offset = now() - ticks()
    const isSet = this.#offset !== undefined && Math.abs(offset - this.#offset) > clockStep
    this.#offset = offset
    return isSet
  }
}
