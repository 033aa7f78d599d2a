// Holds what became of a million requests: those that were served in columns of numbers (some 40 MB), those that were lost as they are.
import { type Failure, isLost, type Outcome } from './outcomes.ts'

/** How many ended, so far. */
export interface Counts {
  readonly sent: number
  readonly lost: number
  /** How many were lost to what: a failure, or the status that a proxy answered. */
  readonly lostTo: Readonly<Partial<Record<Failure | `${number}`, number>>>
}

/** What one server served. A server is what the log was told to take for one: an address, or who a header of the answer names. */
export interface ServedBy {
  readonly served: number
  /** When the first and the last of its answers had come, ms from the start. */
  readonly firstMs: number
  readonly lastMs: number
  /** When the last connection was established over which it answered; undefined if the log does not know. */
  readonly lastConnectedMs: number | undefined
}

/** One that was served, as the log kept it: times to some µs, and not which headers it had. */
export interface ServedRow {
  readonly plannedMs: number
  readonly sentMs: number
  readonly endedMs: number
  readonly status: number
  readonly reused: boolean
  readonly server: string | undefined
}

/** Rows that are allotted at once. */
const chunkRows = 2 ** 14

/** Times are kept as what they differ by: as a float32, one of 10 s is told to 1 µs. */
interface Chunk {
  readonly planned: Float64Array
  readonly lateness: Float32Array
  readonly latency: Float32Array
  /** The status, and 1000 more if the connection was reused. */
  readonly status: Uint16Array
  /** The place in the names of servers, from 1; 0 for none. */
  readonly server: Uint16Array
}

const chunk = (): Chunk => ({
  planned: new Float64Array(chunkRows),
  lateness: new Float32Array(chunkRows),
  latency: new Float32Array(chunkRows),
  status: new Uint16Array(chunkRows),
  server: new Uint16Array(chunkRows),
})

const reusedMark = 1000
const mostServers = 2 ** 16 - 1

/** Lost ones are kept up to here from the start of the load and again as many from its end: an outage is known by its two ends. */
export const mostLostAtEachEnd = 50_000

/** @returns who served it, as far as one can tell. */
export type ServerOf = (outcome: Outcome) => string | undefined

export class OutcomeLog {
  readonly #serverOf: ServerOf
  readonly #chunks: Chunk[] = []
  #served = 0
  readonly #lost = { first: [] as Outcome[], last: [] as Outcome[] }
  #lostCount = 0
  readonly #lostLateness: number[] = []
  readonly #lostTo = new Map<Failure | `${number}`, number>()
  readonly #servers = new Map<string, { place: number } & { -readonly [key in keyof ServedBy]: ServedBy[key] }>()

  /** @param serverOf by default the address that was connected to. */
  constructor(serverOf: ServerOf = ({ connection }) => connection?.remote) {
    this.#serverOf = serverOf
  }

  add(outcome: Outcome): void {
    if (isLost(outcome)) this.#addLost(outcome)
    else this.#addServed(outcome)
  }

  counts(): Counts {
    return { sent: this.#served + this.#lostCount, lost: this.#lostCount, lostTo: Object.fromEntries(this.#lostTo) }
  }

  /** Those that were lost, in the order in which they ended; of very many only the first and the last ones. */
  lost(): readonly Outcome[] {
    return [...this.#lost.first, ...this.#lost.last.slice(-mostLostAtEachEnd)]
  }

  /** By server. */
  servers(): ReadonlyMap<string, ServedBy> {
    return this.#servers
  }

  /** From the planned instant, ms, of those that were served, ascending. @param within which of them count, by when they were due. */
  latencies(within?: { readonly fromMs: number; readonly untilMs: number }): Float32Array {
    const all = new Float32Array(this.#served)
    let count = 0
    for (const { planned, latency, rows } of this.#filled())
      for (let row = 0; row < rows; row++) {
        const due = planned[row] ?? 0
        if (within === undefined || (due >= within.fromMs && due < within.untilMs)) all[count++] = latency[row] ?? 0
      }
    return all.subarray(0, count).sort()
  }

  /** How late they were sent, ms, lost ones too, ascending. */
  lateness(): Float32Array {
    const all = new Float32Array(this.#served + this.#lostLateness.length)
    let count = 0
    for (const { lateness, rows } of this.#filled()) {
      all.set(lateness.subarray(0, rows), count)
      count += rows
    }
    all.set(this.#lostLateness, count)
    return all.sort()
  }

  /** Those that were served, in the order in which they ended. */
  *served(): Generator<ServedRow, void> {
    const names = [undefined, ...this.#servers.keys()]
    for (const { planned, lateness, latency, status, server, rows } of this.#filled())
      for (let row = 0; row < rows; row++) {
        const [plannedMs = 0, marked = 0] = [planned[row], status[row]]
        yield {
          plannedMs,
          sentMs: plannedMs + (lateness[row] ?? 0),
          endedMs: plannedMs + (latency[row] ?? 0),
          status: marked % reusedMark,
          reused: marked >= reusedMark,
          server: names[server[row] ?? 0],
        }
      }
  }

  *#filled(): Generator<Chunk & { readonly rows: number }, void> {
    for (const [place, one] of this.#chunks.entries())
      yield { ...one, rows: Math.min(chunkRows, this.#served - place * chunkRows) }
  }

  #addServed(outcome: Outcome): void {
    const { plannedMs, sentMs, endedMs, reused, result } = outcome
    const row = this.#served++ % chunkRows
    if (row === 0) this.#chunks.push(chunk())
    const into = this.#chunks.at(-1)
    if (into === undefined) return
    into.planned[row] = plannedMs
    into.lateness[row] = sentMs - plannedMs
    into.latency[row] = endedMs - plannedMs
    into.status[row] = ('status' in result ? result.status : 0) + (reused ? reusedMark : 0)
    into.server[row] = this.#countServer(outcome)
  }

  /** @returns its place. */
  #countServer(outcome: Outcome): number {
    const name = this.#serverOf(outcome)
    if (name === undefined) return 0
    const { endedMs, connection } = outcome
    const known = this.#servers.get(name)
    if (known) {
      known.served++
      known.lastMs = endedMs
      if (connection) known.lastConnectedMs = Math.max(known.lastConnectedMs ?? 0, connection.connectedMs)
      return known.place
    }
    if (this.#servers.size === mostServers) return 0
    const place = this.#servers.size + 1
    const times = { firstMs: endedMs, lastMs: endedMs, lastConnectedMs: connection?.connectedMs }
    this.#servers.set(name, { place, served: 1, ...times })
    return place
  }

  #addLost(outcome: Outcome): void {
    const { result, sentMs, plannedMs } = outcome
    const to = 'failure' in result ? result.failure : (`${result.status}` as const)
    this.#lostTo.set(to, (this.#lostTo.get(to) ?? 0) + 1)
    this.#lostCount++
    this.#lostLateness.push(sentMs - plannedMs)
    const { first, last } = this.#lost
    if (first.length < mostLostAtEachEnd) {
      first.push(outcome)
      return
    }
    last.push(outcome)
    // In one go once in a while: an array that loses its first for each that comes moves all of them each time.
    if (last.length === 2 * mostLostAtEachEnd) last.splice(0, mostLostAtEachEnd)
  }
}
