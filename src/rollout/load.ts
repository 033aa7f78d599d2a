// Sends a load: at the instants that were planned, whatever became of those before.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Arrivals, dueMs, expectRate } from './arrivals.ts'
import { type Exchanges, expectSendable, unsent } from './exchanges.ts'
import { http1Exchanges } from './http1.ts'
import { http2Exchanges } from './http2.ts'
import { OutcomeLog, type ServerOf } from './outcome-log.ts'
import type { Method, Outcome } from './outcomes.ts'

export interface LoadPlan {
  readonly arrivals: Arrivals
  /** Asked for each request, when it is sent: who balances loads may send the next one elsewhere. */
  readonly target: () => URL
  readonly method: Method
  /** `http1` unless given. `http2`: by ALPN for https, by prior knowledge for http. */
  readonly protocol?: 'http1' | 'http2'
  /** `fresh`: one for each request. `kept`: one that is free (HTTP/2: that takes a further stream) is used again, as browsers and proxies do. */
  readonly connections: 'fresh' | 'kept'
  /** From when it is sent to the end of its answer, ms. */
  readonly timeoutMs: number
  /** What a POST sends. */
  readonly body?: string
  /** Of the answer's headers those that are kept with it (lower case): for one, which tells who answered. */
  readonly keepHeaders?: readonly string[]
  /** Sent with each (lower case). `host` also is the name that TLS asks for. */
  readonly headers?: Readonly<Record<string, string>>
  /** Where it connects, whatever the name in the URL resolves to (curl's `--resolve`). */
  readonly address?: string
  /** Certificates of the authorities that are trusted for https, PEM; those that Node.js trusts unless given. */
  readonly ca?: string
  /** Trusts whoever answers. */
  readonly insecure?: boolean
  /** `all` outcomes as they are, unless this is `log`: the log alone, which is made for millions; or `none`, for who counts by `onEnd`. */
  readonly hold?: 'all' | 'log' | 'none'
  /** Who served, for the log. By default the address that was connected to. */
  readonly serverOf?: ServerOf
  /** Told of each that has ended, right then. It must not take long: the next ones wait for it. */
  readonly onEnd?: (outcome: Outcome) => void
}

/** A load that is being sent. */
export interface Load {
  /** Those that have ended so far; none where only the log holds them. */
  readonly outcomes: readonly Outcome[]
  /** The same, in numbers: what a live line and a summary are made of. */
  readonly log: OutcomeLog
  /** Sent so far, and how many of them have not ended. */
  underWay(): { readonly sent: number; readonly waiting: number }
  /** No further one is sent. @returns all, when the last of them has ended. */
  stop(): Promise<readonly Outcome[]>
}

/**
 * Starts to send, at the instants that were planned, until it is stopped.
 * @param signal ends all of it at once; `stop` then throws its reason.
 * @param startAt from when all its times count, by `performance.now()`: loads that are compared share one.
 * @throws RangeError for a rate that can't be kept, Error for headers or authorities that can't be used.
 */
export function startLoad(plan: LoadPlan, signal: AbortSignal, startAt = performance.now()): Load {
  expectPlan(plan)
  return new RunningLoad(plan, signal, startAt)
}

/** Loads whose times can be compared. */
export interface Loads {
  readonly loads: readonly Load[]
  /** How long they have been going on, ms: the time that their outcomes are told in. */
  sinceStartMs(): number
}

/** @throws as `startLoad`. */
export function expectPlan(plan: Pick<LoadPlan, 'arrivals' | 'headers' | 'ca'>): void {
  expectRate(plan.arrivals)
  expectSendable(plan)
}

/** Starts several at one instant. @param signal as of `startLoad`. @throws as it too. */
export function startLoads(plans: readonly LoadPlan[], signal: AbortSignal): Loads {
  for (const plan of plans) expectPlan(plan)
  const startAt = performance.now()
  return {
    loads: plans.map((plan) => startLoad(plan, signal, startAt)),
    sinceStartMs: () => performance.now() - startAt,
  }
}

/** ms: long enough for each load to have sent some. */
const warmUpMs = 400

/** Sends for a moment what nobody counts: the first requests of a process are late, since it has not compiled what sends them. */
export async function warmUp(plans: readonly LoadPlan[], signal: AbortSignal): Promise<void> {
  const { loads } = startLoads(plans, signal)
  await sleep(warmUpMs, undefined, { signal })
  await Promise.all(loads.map((load) => load.stop()))
}

/** Sends one and counts it nowhere: whether the server is there at all, and speaks what it shall. Its times count from its start. */
export async function tryOnce(plan: LoadPlan, signal: AbortSignal): Promise<Outcome> {
  const load = new RunningLoad({ ...plan, arrivals: { perSecond: 1 }, hold: 'all' }, signal, performance.now())
  const [outcome] = await load.stop()
  if (outcome === undefined) throw new Error('a load that began sent nothing')
  return outcome
}

/** For so long it sends before it reads answers, ms. */
const mostAtOnceMs = 5

class RunningLoad implements Load {
  readonly outcomes: Outcome[] = []
  readonly log: OutcomeLog
  readonly #plan: LoadPlan
  readonly #signal: AbortSignal
  readonly #startAt: number
  readonly #exchanges: Exchanges
  #next = 0
  #waiting = 0
  #lastEnded: (() => void) | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(plan: LoadPlan, signal: AbortSignal, startAt: number) {
    this.#plan = plan
    this.log = new OutcomeLog(plan.serverOf)
    // Many loads share a signal, which would warn of so many listeners.
    this.#signal = AbortSignal.any([signal])
    this.#startAt = startAt
    this.#exchanges = plan.protocol === 'http2' ? http2Exchanges(plan) : http1Exchanges(plan)
    this.#signal.addEventListener('abort', this.#end, { once: true })
    this.#sendDue()
  }

  underWay() {
    return { sent: this.#next, waiting: this.#waiting }
  }

  async stop(): Promise<readonly Outcome[]> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#waiting > 0)
      await new Promise<void>((resolve) => {
        this.#lastEnded = resolve
      })
    this.#end()
    this.#signal.throwIfAborted()
    return this.outcomes
  }

  readonly #end = (): void => {
    clearTimeout(this.#timer)
    this.#signal.removeEventListener('abort', this.#end)
    this.#exchanges.close()
  }

  readonly #sinceStart = (): number => performance.now() - this.#startAt

  /**
   * Also what a timer that came late has missed: what is due is sent, and its lateness shows. But not without end: where to send takes
   * longer than the next one waits, answers would never be read.
   */
  readonly #sendDue = (): void => {
    if (this.#signal.aborted) return
    const now = this.#sinceStart()
    const isDue = (): boolean => dueMs(this.#plan.arrivals, this.#next) <= now
    // One at least, however long the system let this wait in between: a load that has begun has sent.
    for (let first = true; isDue() && (first || this.#sinceStart() - now < mostAtOnceMs); first = false)
      void this.#send(dueMs(this.#plan.arrivals, this.#next++))
    const wait = dueMs(this.#plan.arrivals, this.#next) - this.#sinceStart()
    this.#timer = setTimeout(this.#sendDue, Math.max(0, wait))
  }

  async #send(plannedMs: number): Promise<void> {
    const sentMs = this.#sinceStart()
    this.#waiting++
    const { connection, ...exchange } = await this.#exchanges.send().catch(unsent)
    this.#waiting--
    if (!this.#signal.aborted) {
      const endedMs = this.#sinceStart()
      const connected = connection && { ...connection, connectedMs: connection.connectedMs - this.#startAt }
      const { method } = this.#plan
      this.#hold({ method, plannedMs, sentMs, endedMs, ...exchange, ...(connected && { connection: connected }) })
    }
    if (this.#waiting === 0) this.#lastEnded?.()
  }

  #hold(outcome: Outcome): void {
    const { hold = 'all', onEnd } = this.#plan
    if (hold !== 'none') this.log.add(outcome)
    if (hold === 'all') this.outcomes.push(outcome)
    onEnd?.(outcome)
  }
}
