// What becomes of an endless row of connects: counts of the last hour, and which of them met a step of SYN retransmission.
import type { ConnectsSeen } from '../linux/connects.ts'
import { median, stepsOf } from '../linux/syn-steps.ts'

interface Minute {
  /** When it began (ms). */
  readonly from: number
  connects: number
  lost: number
  failed: number
}

const minute = 60_000
/** How far back is counted (ms): at one a second none of so many says at most 9 of 10,000; what was cured is forgotten by then. */
const window = 3_600_000
/** How many connects tell what one takes as a rule. */
const usualOf = 100

/** Counts by the minute, so that an hour of connects takes no more memory than sixty of these. Time is passed in. */
export class ConnectRecord {
  #minutes: Minute[] = []
  readonly #times: number[] = []
  #next = 0

  /** Takes in one that came about. @param ms how long it took. @returns whether it met a step. */
  came(ms: number, ticks: number): boolean {
    const lost = stepsOf([ms], median(ms < 1000 ? [] : this.#times)).met.length > 0
    const at = this.#at(ticks)
    at.connects++
    if (lost) at.lost++
    this.#times[this.#next] = ms
    this.#next = (this.#next + 1) % usualOf
    return lost
  }

  /** Takes in one that did not. */
  failed(ticks: number): void {
    this.#at(ticks).failed++
  }

  /** The counts of the last hour. */
  seen(ticks: number): Pick<ConnectsSeen, 'forMs' | 'connects' | 'lost' | 'failed'> {
    this.#forget(ticks)
    const sum = (of: 'connects' | 'lost' | 'failed') => this.#minutes.reduce((all, one) => all + one[of], 0)
    const [first] = this.#minutes
    return {
      forMs: first ? ticks - first.from : 0,
      connects: sum('connects'),
      lost: sum('lost'),
      failed: sum('failed'),
    }
  }

  #at(ticks: number): Minute {
    const last = this.#minutes.at(-1)
    if (last && ticks - last.from < minute) return last
    this.#forget(ticks)
    const next = { from: ticks, connects: 0, lost: 0, failed: 0 }
    this.#minutes.push(next)
    return next
  }

  #forget(ticks: number): void {
    this.#minutes = this.#minutes.filter(({ from }) => ticks - from < window)
  }
}
