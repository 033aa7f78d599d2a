// Whether the own clock can be trusted: every answer of an API server says what time it is there.

/** One answer. `date`: its Date header (RFC 9110, 6.6.1); `sent`, `received`: ms UTC by the own clock. */
export interface Dated {
  readonly date: string | undefined
  readonly sent: number
  readonly received: number
}

/**
 * How far (ms) the own clock is at least ahead of the server's; negative: behind; 0: they may be the same. A Date is cut to the
 * second, and was written at some time between question and answer.
 * @returns undefined if the answer does not tell.
 */
export function aheadBy({ date, sent, received }: Dated): number | undefined {
  const then = date === undefined ? Number.NaN : Date.parse(date)
  if (Number.isNaN(then) || received < sent) return undefined
  const [least, most] = [sent - (then + 1000), received - then]
  return least > 0 ? least : Math.min(most, 0)
}

/** What the last answer said. */
export class ServerClock {
  readonly #now: () => number
  readonly #ticks: () => number
  #read: { readonly value: number; readonly ticks: number; readonly offset: number } | undefined

  /** @param now ms UTC. @param ticks ms on a clock that only goes forward. */
  constructor(now: () => number, ticks: () => number) {
    this.#now = now
    this.#ticks = ticks
  }

  /** To be called when a question is sent. @returns to be called with the Date of its answer. */
  asks(): (date: string | undefined) => void {
    const sent = this.#now()
    return (date) => {
      const received = this.#now()
      const value = aheadBy({ date, sent, received })
      const ticks = this.#ticks()
      if (value !== undefined) this.#read = { value, ticks, offset: received - ticks }
    }
  }

  /** How far the own clock is ahead (ms), and when that was seen; undefined: never. */
  get ahead(): { readonly value: number; readonly ticks: number } | undefined {
    return this.#read
  }

  /**
   * The same by now (ms): whoever sets the own clock puts it ahead by as much. A machine that slept seems to be set too, so that
   * one that is off is to be compared anew. Undefined: nothing ever told.
   */
  get aheadNow(): number | undefined {
    return this.#read && this.#read.value + this.#now() - this.#ticks() - this.#read.offset
  }
}
