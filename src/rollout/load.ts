// Sends a load: the thin rim of sockets and timers. HTTP/1.1 by node:http, since its agents say exactly which request shares a
// connection with which, and it sends nothing twice.
import { type ClientRequest, Agent as HttpAgent, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Arrivals, dueMs, expectRate } from './arrivals.ts'
import { type Answer, failureOf, type Method, type Outcome, type RequestError } from './outcomes.ts'

export interface LoadPlan {
  readonly arrivals: Arrivals
  /** Asked for each request, when it is sent: who balances loads may send the next one elsewhere. */
  readonly target: () => URL
  readonly method: Method
  /** `fresh`: one for each request. `kept`: one that is free is used again, as browsers and proxies do. */
  readonly connections: 'fresh' | 'kept'
  /** From when it is sent to the end of its answer, ms. */
  readonly timeoutMs: number
  /** What a POST sends. */
  readonly body?: string
  /** Of the answer's headers those that are kept with it (lower case): for one, which tells who answered. */
  readonly keepHeaders?: readonly string[]
}

/** A load that is being sent. */
export interface Load {
  /** Those that have ended so far. */
  readonly outcomes: readonly Outcome[]
  /** No further one is sent. @returns all, when the last of them has ended. */
  stop(): Promise<readonly Outcome[]>
}

/**
 * Starts to send, at the instants that were planned, until it is stopped.
 * @param signal ends all of it at once; `stop` then throws its reason.
 * @param startAt from when all its times count, by `performance.now()`: loads that are compared share one.
 * @throws RangeError for a rate that can't be kept.
 */
export function startLoad(plan: LoadPlan, signal: AbortSignal, startAt = performance.now()): Load {
  expectRate(plan.arrivals)
  return new RunningLoad(plan, signal, startAt)
}

/** Loads whose times can be compared. */
export interface Loads {
  readonly loads: readonly Load[]
  /** How long they have been going on, ms: the time that their outcomes are told in. */
  sinceStartMs(): number
}

/** Starts several at one instant. @param signal as of `startLoad`. @throws RangeError for a rate that can't be kept. */
export function startLoads(plans: readonly LoadPlan[], signal: AbortSignal): Loads {
  for (const { arrivals } of plans) expectRate(arrivals)
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

class RunningLoad implements Load {
  readonly outcomes: Outcome[] = []
  readonly #plan: LoadPlan
  readonly #signal: AbortSignal
  readonly #startAt: number
  readonly #underWay = new Set<Promise<void>>()
  readonly #connections: Connections
  #next = 0
  #timer: NodeJS.Timeout | undefined

  constructor(plan: LoadPlan, signal: AbortSignal, startAt: number) {
    this.#plan = plan
    // Many loads share a signal, which would warn of so many listeners.
    this.#signal = AbortSignal.any([signal])
    this.#startAt = startAt
    this.#connections = connectionsOf(plan)
    this.#signal.addEventListener('abort', this.#end, { once: true })
    this.#sendDue()
  }

  async stop(): Promise<readonly Outcome[]> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    await Promise.all(this.#underWay)
    this.#end()
    this.#signal.throwIfAborted()
    return this.outcomes
  }

  readonly #end = (): void => {
    clearTimeout(this.#timer)
    this.#signal.removeEventListener('abort', this.#end)
    this.#connections.close()
  }

  readonly #sinceStart = (): number => performance.now() - this.#startAt

  /** Also what a timer that came late has missed: what is due is sent, and its lateness shows. */
  readonly #sendDue = (): void => {
    if (this.#signal.aborted) return
    while (dueMs(this.#plan.arrivals, this.#next) <= this.#sinceStart()) {
      const sending = this.#send(dueMs(this.#plan.arrivals, this.#next++))
      this.#underWay.add(sending)
      void sending.finally(() => this.#underWay.delete(sending))
    }
    const wait = dueMs(this.#plan.arrivals, this.#next) - this.#sinceStart()
    this.#timer = setTimeout(this.#sendDue, Math.max(0, wait))
  }

  async #send(plannedMs: number): Promise<void> {
    const sentMs = this.#sinceStart()
    const { reused, result } = await exchange(this.#plan, this.#connections)
    if (this.#signal.aborted) return
    this.outcomes.push({ method: this.#plan.method, plannedMs, sentMs, endedMs: this.#sinceStart(), reused, result })
  }
}

interface Connections {
  readonly http: HttpAgent | false
  readonly https: HttpsAgent | false
  readonly requests: Set<ClientRequest>
  close(): void
}

function connectionsOf({ connections }: LoadPlan): Connections {
  const kept = connections === 'kept'
  const http = kept && new HttpAgent({ keepAlive: true })
  const https = kept && new HttpsAgent({ keepAlive: true })
  const requests = new Set<ClientRequest>()
  const close = (): void => {
    for (const request of requests) request.destroy()
    if (http) http.destroy()
    if (https) https.destroy()
  }
  return { http, https, requests, close }
}

/** One request and its whole answer. It never throws: how it failed is its result. */
function exchange(
  { target, method, body = '', keepHeaders = [], timeoutMs }: LoadPlan,
  { http, https, requests }: Connections,
): Promise<Pick<Outcome, 'reused' | 'result'>> {
  return new Promise((resolve) => {
    const url = target()
    const headers = method === 'POST' ? { 'content-length': Buffer.byteLength(body) } : {}
    const request =
      url.protocol === 'https:'
        ? httpsRequest(url, { method, headers, agent: https })
        : httpRequest(url, { method, headers, agent: http })
    requests.add(request)
    let [answered, late] = [false, false]
    const deadline = setTimeout(() => {
      late = true
      request.destroy()
    }, timeoutMs)
    const end = (result: Outcome['result']): void => {
      clearTimeout(deadline)
      requests.delete(request)
      resolve({ reused: request.reusedSocket, result })
    }
    const fail = (error: RequestError): void =>
      end({ failure: failureOf(error, { answered, late }), message: error.message })
    request.on('error', fail)
    request.on('response', (response) => {
      answered = true
      response.on('error', fail)
      response.on('end', () => end(answerOf(response.statusCode ?? 0, response.headers, keepHeaders)))
      response.resume()
    })
    request.end(method === 'POST' ? body : undefined)
  })
}

const answerOf = (
  status: number,
  headers: Readonly<Record<string, string | string[] | undefined>>,
  kept: readonly string[],
): Answer => ({
  status,
  headers: Object.fromEntries(
    kept.flatMap((name) => {
      const value = headers[name]
      return value === undefined ? [] : [[name, String(value)]]
    }),
  ),
})
