// Events for people who look at a Pod or a node with kubectl. Kept back while the API server is away, never without bound.
import { createHash } from 'node:crypto'
import type { Event } from 'kubernetes-types/core/v1.js'
import { ApiError } from '../kubernetes/api-error.ts'
import type { Client } from '../kubernetes/client.ts'
import { timeText } from '../objects/time.ts'

export interface Regarding {
  readonly kind: string
  /** Where it is not `v1`. */
  readonly apiVersion?: string
  readonly name: string
  /** Undefined for a node, whose Events lie in `default`. */
  readonly namespace?: string
  /** Without it `kubectl describe` does not show the Event; a node's is its name, as the kubelet has it. */
  readonly uid: string
}

export interface Telling {
  readonly regarding: Regarding
  readonly type: 'Normal' | 'Warning'
  /** UpperCamelCase, at most 128 characters. */
  readonly reason: string
  readonly message: string
  /** ms UTC. */
  readonly at: number
}

/** `component`: as people see it; `controller`: its qualified name; `instance`: which one of them, a node or a Pod. */
export interface EventSource {
  readonly component: string
  readonly controller: string
  readonly instance: string
  /** The node, where it is of one. */
  readonly host?: string
}

export const agentOf = (node: string): EventSource => ({
  component: 'roadcrew',
  controller: 'roadcrew.dev/agent',
  instance: node,
  host: node,
})

export interface EventsOptions {
  readonly client: Client
  /** Who tells. */
  readonly source: EventSource
  /** How many were thrown away for want of room. */
  readonly dropped: (count: number) => void
}

/** So many are kept back while nobody takes them. */
const mostWaiting = 200
/** The API server forgets Events after an hour (--event-ttl): until then the same one is counted up. */
const sameFor = 3_600_000
/** A message may have 1024 characters (pkg/apis/core/validation). */
const mostCharacters = 1000

interface Told {
  readonly path: string
  readonly first: number
  count: number
}

export class Events {
  readonly #options: EventsOptions
  #waiting: Telling[] = []
  readonly #told = new Map<string, Told>()

  constructor(options: EventsOptions) {
    this.#options = options
  }

  get waiting(): number {
    return this.#waiting.length
  }

  add(...all: readonly Telling[]): void {
    this.#waiting.push(...all)
    const over = this.#waiting.length - mostWaiting
    if (over <= 0) return
    this.#waiting.splice(0, over) // what is newest says most of how it is now
    this.#options.dropped(over)
  }

  /** Sends what waits, in order. @returns why it could not; the rest then waits for the next call. Never throws. */
  async flush(): Promise<string | undefined> {
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      try {
        await this.#send(next)
      } catch (error) {
        const because = error instanceof Error ? error.message : String(error)
        if (!isRefusal(error)) return because
        // What is refused for itself (its namespace is being deleted) is refused again.
        this.#options.dropped(1)
      }
      this.#waiting.shift()
    }
    return undefined
  }

  async #send(telling: Telling): Promise<void> {
    const { client } = this.#options
    const key = keyOf(telling)
    const told = this.#told.get(key)
    if (told && telling.at - told.first < sameFor) {
      const body = { count: told.count + 1, lastTimestamp: timeText(telling.at) }
      const contentType = 'application/merge-patch+json'
      try {
        await client.ask({ method: 'PATCH', path: told.path, contentType, body })
        told.count++
        return
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 404) throw error
      }
    }
    const event = eventOf(telling, this.#options.source)
    const path = `/api/v1/namespaces/${event.metadata.namespace}/events`
    // The same name from the same moment: it was sent, and only the answer was lost.
    await client.ask({ method: 'POST', path, body: event }).catch((error: unknown) => {
      if (!(error instanceof ApiError) || error.reason !== 'AlreadyExists') throw error
    })
    this.#told.set(key, { path: `${path}/${event.metadata.name}`, first: telling.at, count: 1 })
    for (const [old, { first }] of this.#told) if (telling.at - first >= sameFor) this.#told.delete(old)
  }
}

const keyOf = ({ regarding, reason, message }: Telling): string => JSON.stringify([regarding, reason, message])

/**
 * 4xx, but for those that pass with time or with somebody's help: 401 and 403 (rights), 408, 429. A 403 of a namespace that ends
 * (it may for days) or is full is of that Event alone (admission/plugin/namespace/lifecycle, resourcequota): no other waits for it.
 */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false
  const { status, message } = error
  if (status === 403) return /because it is being terminated|exceeded quota/.test(message)
  return status >= 400 && status < 500 && ![401, 408, 429].includes(status)
}

function eventOf(
  { regarding, type, reason, message, at }: Telling,
  { component, controller, instance, host }: EventSource,
): Event & { metadata: { namespace: string } } {
  const namespace = regarding.namespace ?? 'default'
  const hash = createHash('sha256')
    .update(JSON.stringify([regarding, reason, message, at]))
    .digest('hex')
    .slice(0, 16)
  const time = timeText(at)
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: `${regarding.name}.${hash}`, namespace },
    involvedObject: { apiVersion: 'v1', ...regarding },
    type,
    reason,
    message: message.slice(0, mostCharacters),
    source: { component, ...(host !== undefined && { host }) },
    reportingComponent: controller,
    reportingInstance: instance,
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
  }
}
