// What is to be looked at, and when. Pure: time is passed in. In the manner of client-go's work queue: a key is never worked
// on twice at once, and what happens to it meanwhile is one more turn afterwards.

export interface QueueOptions {
  /** How many keys are worked on at once. */
  readonly parallel: number
  /** After so many failures of a key in a row: how long it waits (ms). */
  readonly backOff: (failures: number) => number
}

/** Times in ms of one clock that only goes forward. */
export class WorkQueue {
  readonly #options: QueueOptions
  /** When each waiting key is due. */
  readonly #due = new Map<string, number>()
  /** The heap's entries; those whose time is no longer the key's are passed over. */
  readonly #heap: Entry[] = []
  #order = 0
  readonly #working = new Set<string>()
  /** Keys that came again while they were worked on, with when they are due. */
  readonly #again = new Map<string, number>()
  readonly #failures = new Map<string, number>()

  constructor(options: QueueOptions) {
    this.#options = options
  }

  /** How many keys wait, those that are not due yet included. */
  get depth(): number {
    return this.#due.size + this.#again.size
  }

  /** How many are due and wait for their turn. */
  overdue(ticks: number): number {
    let count = 0
    for (const at of this.#due.values()) if (at <= ticks) count++
    return count
  }

  /** Sees to it that a key has a turn at `at` or before. */
  add(key: string, at: number): void {
    if (this.#working.has(key)) {
      this.#again.set(key, Math.min(at, this.#again.get(key) ?? at))
      return
    }
    if ((this.#due.get(key) ?? Number.POSITIVE_INFINITY) <= at) return
    this.#due.set(key, at)
    push(this.#heap, { key, at, order: this.#order++ })
  }

  /** A key whose turn it is, which is then worked on until `done`. */
  take(ticks: number): string | undefined {
    if (this.#working.size >= this.#options.parallel) return undefined
    const first = this.#first()
    if (!first || first.at > ticks) return undefined
    pop(this.#heap)
    this.#due.delete(first.key)
    this.#working.add(first.key)
    return first.key
  }

  /** When there will be something to take, if nothing is added; undefined: nothing waits, or all hands are busy. */
  get wakesAt(): number | undefined {
    return this.#working.size >= this.#options.parallel ? undefined : this.#first()?.at
  }

  /** The turn of a key is over. One that failed comes again after a while, however often it was added meanwhile. */
  done(key: string, ticks: number, how: 'well' | 'failed'): void {
    this.#working.delete(key)
    const again = this.#again.get(key)
    this.#again.delete(key)
    if (how === 'well') {
      this.#failures.delete(key)
      if (again !== undefined) this.add(key, again)
      return
    }
    const failures = this.#failures.get(key) ?? 0
    this.#failures.set(key, failures + 1)
    this.add(key, ticks + this.#options.backOff(failures))
  }

  /** What is gone needs no turn. */
  forget(key: string): void {
    this.#due.delete(key)
    this.#again.delete(key)
    this.#failures.delete(key)
  }

  #first(): Entry | undefined {
    for (let first = this.#heap[0]; first; first = this.#heap[0]) {
      if (this.#due.get(first.key) === first.at) return first
      pop(this.#heap)
    }
    return undefined
  }
}

interface Entry {
  readonly key: string
  readonly at: number
  readonly order: number
}

const isEarlier = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)

/** A binary heap by time, and of one time by who came first. */
function push(heap: Entry[], entry: Entry): void {
  heap.push(entry)
  for (let at = heap.length - 1; at > 0; ) {
    const above = (at - 1) >> 1
    if (!swapIfEarlier(heap, at, above)) return
    at = above
  }
}

function pop(heap: Entry[]): void {
  const last = heap.pop()
  if (!last || heap.length === 0) return
  heap[0] = last
  for (let at = 0; ; ) {
    const [left, right] = [2 * at + 1, 2 * at + 2]
    const [one, other] = [heap[left], heap[right]]
    const earlier = one && other && isEarlier(other, one) ? right : left
    if (!swapIfEarlier(heap, earlier, at)) return
    at = earlier
  }
}

function swapIfEarlier(heap: Entry[], below: number, above: number): boolean {
  const [a, b] = [heap[below], heap[above]]
  if (!a || !b || !isEarlier(a, b)) return false
  heap[below] = b
  heap[above] = a
  return true
}
