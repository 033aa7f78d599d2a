import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, type Dispatcher, ProxyAgent, request } from 'undici'
import { ApiError, refusal, unanswered } from './api-error.ts'
import type { Credentials } from './credentials.ts'
import { jsonLines, textLines } from './json-lines.ts'
import type { Target } from './kubeconfig.ts'
import { envProxy, parseProxy } from './proxy.ts'
import type { ServerClock } from './server-clock.ts'

export interface Ask {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly contentType?: string
}

/** A connection to one API server, kept alive and used for many requests. */
export interface Client {
  /** The context's name. */
  readonly name: string
  readonly server: string
  /** @returns the answer's JSON. @throws ApiError for everything else. */
  ask(ask: Ask): Promise<unknown>
  /**
   * The parts of an answer that comes line by line, such as a watch's, each parsed, until the server ends it. Not retried.
   * @throws ApiError if it is refused, breaks off, or is mute for `idleMs`; the signal's reason once that is aborted.
   */
  lines(ask: Ask, options: LinesOptions): AsyncGenerator<unknown>
  close(): Promise<void>
}

export interface LinesOptions {
  readonly signal: AbortSignal
  /** ms without a byte until the connection is taken for dead. */
  readonly idleMs: number
  /** Told once the server has accepted, which may be long before the first line. */
  readonly accepted?: () => void
  /** The lines are text as they are, and not JSON; of so many bytes at most. */
  readonly text?: { readonly mostBytes: number }
}

export interface ConnectOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal?: AbortSignal
  /** ms before the first retry; each later one waits twice as long. */
  readonly backOffMs?: number
  /** ms for one request, its answer included. */
  readonly timeoutMs?: number
  /** For who has no time for second tries, or makes them itself. */
  readonly tries?: number
  /** Compares the own clock with that of the server, by all that is asked. */
  readonly clock?: ServerClock
}

/** A name that is resolved and a host that is there answer within seconds; more is a person's time. */
const connectMs = 10_000
/** kube-apiserver itself ends a list after 60 s (--request-timeout). */
const requestMs = 60_000
const mostTries = 5
const noCredentials = 'NoCredentials'
const mostWaitMs = 30_000

/** Connects lazily: nothing is sent before the first request. */
export function connect(target: Target, options: ConnectOptions): Client {
  const client = new Connection(target, options)
  return {
    name: target.name,
    server: target.server,
    ask: (ask) => client.ask(ask),
    lines: (ask, options) => client.lines(ask, options),
    close: () => client.close(),
  }
}

interface Session {
  readonly headers: Credentials['headers']
  readonly dispatcher: Dispatcher
}

interface Answer {
  readonly status: number
  readonly retryAfter: string | undefined
  readonly body: unknown
}

class Connection {
  readonly #target: Target
  readonly #options: ConnectOptions
  #session: Promise<Session> | undefined

  constructor(target: Target, options: ConnectOptions) {
    this.#target = target
    this.#options = options
  }

  /** Retries what may pass: 429 and 5xx, and connections that break; only GET, since others may have been done. */
  async ask(ask: Ask): Promise<unknown> {
    let renewed = false
    for (let tries = 1; ; tries++) {
      const answer = await this.#once(ask).catch((error: unknown) => {
        if (error instanceof ApiError && error.status === 0) return error
        throw error
      })
      if (!(answer instanceof ApiError)) {
        if (answer.status < 300) return jsonOf(answer, this.#target.server)
        if (answer.status === 401 && !renewed) {
          renewed = true // a token may have been rotated, a plugin's may have expired
          await this.close()
          continue
        }
      }
      const error = answer instanceof ApiError ? answer : refusal(answer.status, answer.body)
      if (ask.method !== 'GET' || tries >= (this.#options.tries ?? mostTries) || !mayPass(error)) throw error
      const retryAfter = answer instanceof ApiError ? undefined : answer.retryAfter
      await sleep(waitMs(tries, retryAfter, this.#options.backOffMs ?? 500), undefined, signalOf(this.#options))
    }
  }

  async *lines(
    { method, path, query }: Ask,
    { signal, idleMs, accepted, text }: LinesOptions,
  ): AsyncGenerator<unknown> {
    const { headers, dispatcher } = await this.#opened()
    const { signal: own } = this.#options
    try {
      const { statusCode, body } = await request(`${this.#target.server}${path}`, {
        method,
        dispatcher,
        signal: own ? AbortSignal.any([own, signal]) : signal,
        ...(query && { query }),
        headers: { ...common, ...headers, ...(text && { accept: 'text/plain' }) },
        headersTimeout: this.#options.timeoutMs ?? requestMs,
        bodyTimeout: idleMs,
      })
      if (statusCode >= 300) {
        if (statusCode === 401) await this.close() // the next attempt reads a token that was rotated
        throw refusal(statusCode, parsed(await beginningOf(body)))
      }
      accepted?.()
      yield* text ? textLines(body, text.mostBytes) : jsonLines(body)
    } catch (error) {
      if (error instanceof ApiError) throw error
      signal.throwIfAborted()
      own?.throwIfAborted()
      throw unanswered(this.#target.server, error)
    }
  }

  #opened(): Promise<Session> {
    this.#session ??= this.#open()
    return this.#session.catch((error: unknown) => {
      this.#session = undefined
      throw new ApiError(0, noCredentials, error instanceof Error ? error.message : String(error))
    })
  }

  async #once({ method, path, query, body, contentType }: Ask): Promise<Answer> {
    const { headers, dispatcher } = await this.#opened()
    const timeout = AbortSignal.timeout(this.#options.timeoutMs ?? requestMs)
    const signal = this.#options.signal ? AbortSignal.any([this.#options.signal, timeout]) : timeout
    try {
      const answered = this.#options.clock?.asks()
      const answer = await request(`${this.#target.server}${path}`, {
        method,
        dispatcher,
        signal,
        ...(query && { query }),
        headers: {
          ...common,
          ...headers,
          ...(body !== undefined && { 'content-type': contentType ?? 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      answered?.(answer.headers.date?.toString())
      const retryAfter = answer.headers['retry-after']
      const text = await answer.body.text()
      return { status: answer.statusCode, retryAfter: retryAfter?.toString(), body: parsed(text) }
    } catch (error) {
      this.#options.signal?.throwIfAborted()
      throw unanswered(this.#target.server, error)
    }
  }

  async #open(): Promise<Session> {
    const { headers, tls } = await this.#target.credentials()
    return { headers, dispatcher: dispatcherFor(this.#target, tls, this.#options.env) }
  }

  async close(): Promise<void> {
    const session = await this.#session?.catch(() => undefined)
    this.#session = undefined
    await session?.dispatcher.destroy()
  }
}

const common = { accept: 'application/json', 'user-agent': 'roadcrew' }

const signalOf = ({ signal }: ConnectOptions): { signal: AbortSignal } | undefined => (signal ? { signal } : undefined)

/** A proxy of the cluster's own wins; else HTTPS_PROXY, HTTP_PROXY and NO_PROXY count as they do for kubectl. */
function dispatcherFor(
  { proxy, name, server }: Target,
  tls: Credentials['tls'],
  env: ConnectOptions['env'],
): Dispatcher {
  const connect = { ...tls, timeout: connectMs }
  const chosen = proxy ?? envProxy(new URL(server), env)
  if (chosen === undefined) return new Agent({ connect })
  try {
    return new ProxyAgent({ uri: parseProxy(chosen), requestTls: connect })
  } catch (error) {
    const where = proxy === undefined ? 'the proxy of the environment' : `proxy-url of context "${name}"`
    throw new Error(`${where}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** Who refuses needs few words (bytes); through a proxy it may be anybody, and say anything. */
const mostRefusal = 65_536

async function beginningOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > mostRefusal) break
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** A login page with status 200 must not pass for an empty cluster. */
function jsonOf({ status, body }: Answer, server: string): unknown {
  if (typeof body === 'object' && body !== null) return body
  const begin = JSON.stringify(String(body).trim().slice(0, 60))
  throw new ApiError(
    status,
    'NotJson',
    `${server} answered with ${begin}, which is no answer of an API server; is there a proxy or a login page in between?`,
  )
}

/** No answer at all may pass, unless it is the name or the certificate that is wrong. */
function mayPass({ status, reason }: ApiError): boolean {
  if (status !== 0) return status === 429 || status >= 500
  return !/NoCredentials|CERT|TLS|SIGNATURE|ENOTFOUND|ECONNREFUSED|TIMEOUT|TimeoutError/i.test(reason)
}

/** What the server asks for (Retry-After, s), else twice as long each time, with a random part against stampedes. */
function waitMs(tries: number, retryAfter: string | undefined, first: number): number {
  const asked = Number(retryAfter)
  const wait =
    retryAfter !== undefined && asked >= 0 ? asked * 1000 : first * 2 ** (tries - 1) * (0.5 + Math.random() / 2)
  return Math.min(wait, mostWaitMs)
}
