// What the connects of two Pods that collide come to: as a table, as plots, and whether it adds up.
import type { Json } from '../../contract/hazard.ts'
import type { Plot, Table, TimedValue } from '../../contract/plot.ts'
import { type ConnectNews, ConnectTally, countsBelow, overdueMs } from '../../linux/connect-tally.ts'

/** What the kernel counts: packets that lost their place in the table, and SYNs that the Pods sent again. */
export interface Grown {
  readonly insertFailed: number
  readonly synsAgain: number
}

export const grownFrom = (before: Grown, now: Grown): Grown => ({
  insertFailed: now.insertFailed - before.insertFailed,
  synsAgain: now.synsAgain - before.synsAgain,
})

/** One run under one rule, while it goes on and after it. */
export class Collisions {
  readonly name: string
  readonly #connects: number
  readonly #tally = new ConnectTally()
  readonly #insertFailed: TimedValue[] = []
  #grown: Grown = { insertFailed: 0, synsAgain: 0 }

  /** @param connects how many it will be. */
  constructor(name: string, connects: number) {
    this.name = name
    this.#connects = connects
  }

  /** @param sinceMs from when the first connect was due. @param grown since the run began. */
  add(sinceMs: number, news: readonly ConnectNews[], grown: Grown): void {
    this.#tally.add(news)
    this.#grown = grown
    this.#insertFailed.push([sinceMs / 1000, grown.insertFailed])
  }

  get slow(): number {
    return this.#tally.slow
  }

  get grown(): Grown {
    return this.#grown
  }

  /** What stands in its column, from top to bottom. */
  get cells(): readonly Json[] {
    const { ended, slow, failed, worstMs } = this.#tally
    const { insertFailed, synsAgain } = this.#grown
    const all = this.#connects.toLocaleString('en')
    // As wide from the first to the last, so that columns stand still.
    const share = ended.length < this.#connects ? ` of ${all}` : ''
    return [
      `${ended.length.toLocaleString('en').padStart(all.length)}${share}`,
      slow,
      insertFailed,
      synsAgain,
      failed,
      Math.round(worstMs * 10) / 10,
    ]
  }

  get counts(): readonly number[] {
    return countsBelow(limits, this.#tally.times)
  }

  get connects(): readonly TimedValue[] {
    return this.#tally.ended.flatMap(({ beganMs, tookMs }) => (tookMs === undefined ? [] : [[beganMs / 1000, tookMs]]))
  }

  get insertFailed(): readonly TimedValue[] {
    return this.#insertFailed
  }
}

const rows = [
  'connects',
  `slow (over ${overdueMs} ms)`,
  'insert_failed',
  'SYNs sent again',
  'failed',
  'worst connect (ms)',
]

/** The runs side by side. */
export const sideBySide = (runs: readonly Collisions[]): Table => ({
  columns: runs.map(({ name }) => name),
  rows: rows.map((row, place) => [row, ...runs.map(({ cells }) => cells[place] ?? '')]),
})

/** Of the time that connects took (ms). */
const limits = [0.5, 1, 2, 5, 20, 100, overdueMs, 2500]

export const latencies = (runs: readonly Collisions[]): Plot => ({
  plot: 'distribution',
  title: 'latency',
  unit: 'ms',
  limits,
  hurtsFrom: overdueMs,
  groups: runs.map(({ name, counts }) => ({ name, counts })),
})

export const courses = (runs: readonly Collisions[]): readonly Plot[] => [
  {
    plot: 'points',
    title: 'connects over time',
    unit: 'ms',
    hurtsFrom: overdueMs,
    groups: runs.map(({ name, connects }) => ({ name, points: connects })),
  },
  {
    plot: 'course',
    title: 'insert_failed over time',
    unit: 'packets',
    groups: runs.map(({ name, insertFailed }) => ({ name, points: insertFailed })),
  },
]

/** So far may the counts be apart: a SYN that is lost twice is one slow connect. */
const tolerance = (counted: number): number => Math.max(2, Math.ceil(counted / 100))

/**
 * Each packet that lost its place (insert_failed) is a SYN that the Pod sends again (TCPSynRetrans), and a connect that is slow.
 * @returns what does not add up, with the numbers; undefined if all does.
 */
export function notAddingUp(slow: number, { insertFailed, synsAgain }: Grown): string | undefined {
  const allowed = tolerance(insertFailed)
  const apart = Math.max(slow, insertFailed, synsAgain) - Math.min(slow, insertFailed, synsAgain)
  return apart > allowed
    ? `${slow} connects were slow, insert_failed grew by ${insertFailed}, and ${synsAgain} SYNs were sent again: these are more than ${allowed} apart`
    : undefined
}
