// Watches a workload's Pods and what stands before them while a load is sent, and puts what comes on the timeline.
import type { Event, Pod } from 'kubernetes-types/core/v1.js'
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js'
import type { Kind, Version } from '../contract/hazard.ts'
import type { Client } from '../kubernetes/client.ts'
import { type Happened, Informer, type InformerOptions } from '../kubernetes/informer.ts'
import { endpointSlices, events, httpRoutes, ingresses, pods } from '../objects/kinds.ts'
import { Timeline } from '../rollout/timeline.ts'

export interface Watched {
  readonly namespace: string
  /** Of the workload's Pods. */
  readonly labelSelector: string
  /** The Services that select them. */
  readonly services: readonly string[]
  /** The Ingresses and HTTPRoutes that lead to these. */
  readonly routes: readonly string[]
}

interface Change {
  readonly object: unknown
  readonly gone: boolean
  readonly first: boolean
}

/** A watch that can't be had says so, and takes nothing from the others. */
export class RolloutWatch {
  readonly timeline: Timeline
  readonly #ticks: () => number
  readonly #stop = new AbortController()
  readonly #informers: Informer[]
  readonly #running: Promise<void>[] = []
  /** Those that could not be listed so far: what is refused once may be refused for ever. */
  readonly #refused = new Set<Informer>()
  #early: ((atMs: number) => void)[] | undefined = []
  #startAt = 0

  /** @param ticks ms, monotonic: the load's own clock. */
  constructor(client: Client, watched: Watched, version: Version | undefined, ticks: () => number) {
    this.timeline = new Timeline(version)
    this.#ticks = ticks
    const { namespace, labelSelector, services } = watched
    const informer = (
      kind: Kind<unknown>,
      take: (change: Change & { readonly atMs: number }) => void,
      options: Partial<InformerOptions>,
    ): Informer => this.#informer({ client, kind, ...options }, take)
    const routeChanged = this.#routeChanged(watched.routes)
    const sliced = `kubernetes.io/service-name in (${services.join(',')})`
    this.#informers = [
      informer(pods, (change) => this.timeline.pod(of<Pod>(change)), { namespace, labelSelector }),
      ...(services.length === 0
        ? []
        : [
            informer(endpointSlices, (change) => this.timeline.slice(of<EndpointSlice>(change)), {
              ...{ namespace, labelSelector: sliced },
            }),
          ]),
      informer(events, (change) => this.timeline.event(of<Event>(change)), { namespace }),
      // Those of ingress controllers, which are in namespaces of their own.
      informer(events, (change) => this.timeline.event(of<Event>(change)), { fieldSelector: 'reason=RELOAD' }),
      informer(ingresses, routeChanged, { namespace }),
      informer(httpRoutes, routeChanged, { namespace }),
    ]
  }

  /** Starts to watch. @returns when the Pods are known, or after `limitMs` without them: why not. */
  async start(limitMs: number): Promise<string | undefined> {
    for (const informer of this.#informers) this.#running.push(informer.run())
    const until = this.#ticks() + limitMs
    const [first] = this.#informers
    const waits = (informer: Informer): boolean =>
      !informer.synced && (informer === first || !this.#refused.has(informer))
    while (this.#ticks() < until && this.#informers.some(waits)) {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    return first?.synced ? undefined : first?.silent.because
  }

  /** What could not be watched, and why. */
  unwatched(): string[] {
    const missing = this.#informers.filter(({ synced }) => !synced)
    return [...new Set(missing.map(({ kind, silent }) => `${kind.kind}s are not watched: ${silent.because}`))]
  }

  /** From now on is time 0: what came before gets negative times. */
  begin(startAt: number): void {
    this.#startAt = startAt
    const early = this.#early ?? []
    this.#early = undefined
    for (const put of early) put(startAt)
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await Promise.all(this.#running)
  }

  /** Changes that come before the load has begun wait for its time 0. */
  #put(put: (atMs: number) => void): void {
    const ticks = this.#ticks()
    if (this.#early) this.#early.push((startAt) => put(ticks - startAt))
    else put(ticks - this.#startAt)
  }

  #informer(
    options: Partial<InformerOptions> & Pick<InformerOptions, 'client' | 'kind'>,
    take: (change: Change & { readonly atMs: number }) => void,
  ): Informer {
    const last = new Map<string, unknown>()
    const { kind } = options.kind
    const informer: Informer = new Informer({
      ...options,
      ...{ signal: this.#stop.signal, ticks: this.#ticks, random: Math.random, firstWaitMs: 200 },
      keep: (object) => object,
      happened: ({ what, item, object, first }: Happened) => {
        const whole = object ?? last.get(item.subject.name) ?? item.object
        if (what === 'gone') last.delete(item.subject.name)
        else last.set(item.subject.name, whole)
        this.#put((atMs) => take({ object: whole, gone: what === 'gone', first, atMs }))
      },
      connected: () => this.#put((atMs) => this.timeline.found(`${kind}s`, atMs)),
      failed: (because) => {
        if (informer.synced) this.#put((atMs) => this.timeline.lost(`${kind}s`, atMs, because))
        else this.#refused.add(informer)
      },
    })
    return informer
  }

  #routeChanged(routes: readonly string[]): (change: Change & { readonly atMs: number }) => void {
    return ({ object, gone, first, atMs }) => {
      const { kind, metadata } = object as { readonly kind?: string; readonly metadata?: { readonly name?: string } }
      const name = `${kind} ${metadata?.name}`
      if (first || !routes.includes(name)) return
      this.timeline.add({ atMs, what: 'route-changed', text: `${name} ${gone ? 'was deleted' : 'changed'}` })
    }
  }
}

const of = <T>(change: Change & { readonly atMs: number }) => ({ ...change, object: change.object as T })
