// Which request goes first where many wait: where thousands of runs are due at once, a Job that is made is a run that has started,
// and what is written of it can wait.
import { ApiError } from '../kubernetes/api-error.ts'
import type { Ask, Client } from '../kubernetes/client.ts'

/** The most urgent first. A run that was read is created at once: what was read must not grow old. */
const urgencies = ['create', 'read', 'settle'] as const
export type Urgency = (typeof urgencies)[number]

export interface LanesOptions {
  /** How many are under way at once. */
  readonly parallel: number
  /** ms, monotonic. */
  readonly ticks: () => number
  /** What has waited so long (ms) goes next, so that nothing waits for ever. */
  readonly mostWait: number
}

interface Waiting {
  readonly since: number
  readonly begin: () => void
}

export class Lanes {
  readonly #options: LanesOptions
  readonly #waiting: Record<Urgency, Line> = { create: new Line(), read: new Line(), settle: new Line() }
  #underWay = 0

  constructor(options: LanesOptions) {
    this.#options = options
  }

  /** Does the work when it is its turn; those of one urgency in their order. */
  async pass<T>(urgency: Urgency, work: () => Promise<T>): Promise<T> {
    if (this.#underWay >= this.#options.parallel) {
      await new Promise<void>((begin) => this.#waiting[urgency].add({ since: this.#options.ticks(), begin }))
    } else {
      this.#underWay++
    }
    try {
      return await work()
    } finally {
      this.#next()
    }
  }

  /** Whoever is next takes the place of who has just ended. */
  #next(): void {
    const since = this.#options.ticks() - this.#options.mostWait
    const lines = urgencies.map((urgency) => this.#waiting[urgency])
    const line = lines.find(({ first }) => first && first.since <= since) ?? lines.find(({ first }) => first)
    const next = line?.take()
    if (next) next.begin()
    else this.#underWay--
  }
}

/**
 * A client whose requests wait for each other. @param leads asked before each write once more: it may have waited for long.
 * What is asked throws an ApiError of status 0 if another leads by then.
 */
export const inLanes = (client: Client, lanes: Lanes, leads: () => boolean): Client => ({
  ...client,
  ask: (ask) =>
    lanes.pass(urgencyOf(ask), async () => {
      if (ask.method !== 'GET' && !leads()) throw new ApiError(0, 'NotLeading', 'another leads by now')
      return client.ask(ask)
    }),
})

const urgencyOf = ({ method, path }: Ask): Urgency =>
  method === 'GET' ? 'read' : path.endsWith('/status') ? 'settle' : 'create'

/** First come, first served, without moving all others up. */
class Line {
  #all: Waiting[] = []
  #served = 0

  get first(): Waiting | undefined {
    return this.#all[this.#served]
  }

  add(one: Waiting): void {
    this.#all.push(one)
  }

  take(): Waiting | undefined {
    const { first } = this
    if (first && ++this.#served === this.#all.length) {
      this.#all = []
      this.#served = 0
    }
    return first
  }
}
