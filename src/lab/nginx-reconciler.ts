// An ingress controller in small: it watches EndpointSlices and tells a real nginx of them, late as real ones do.
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js'
import type { Client } from '../kubernetes/client.ts'
import { Informer } from '../kubernetes/informer.ts'
import { endpointSlices } from '../objects/kinds.ts'
import type { PodsNginx, Upstreams } from './pods-nginx.ts'
import { upstreamsOf } from './upstreams.ts'

/** What was known of the endpoints, or told to nginx, from an instant on (ms UTC): names of Pods, by the Service's name. */
export interface Told {
  readonly at: number
  readonly pods: Readonly<Record<string, readonly string[]>>
}

export interface Reconciler {
  /** Each change of the endpoints, when the watch told of it. */
  readonly changes: readonly Told[]
  /** Each reload of nginx. */
  readonly reloads: readonly Told[]
  /** Ends it; nginx goes on with what it knows. */
  stop(): Promise<void>
}

interface Options {
  readonly client: Client
  readonly nginx: PodsNginx
  /** From a change until nginx is told, ms; what comes meanwhile is told with it. */
  readonly learnsAfterMs: number
}

export const namespace = 'default'

/** Starts to watch. */
export function startReconciler({ client, nginx, learnsAfterMs }: Options): Reconciler {
  const ends = new AbortController()
  const [changes, reloads]: [Told[], Told[]] = [[], []]
  let batch: NodeJS.Timeout | undefined
  let telling: Promise<unknown> = Promise.resolve()
  const slices = new Informer({
    ...{ client, kind: endpointSlices, signal: ends.signal, ticks: () => performance.now(), random: Math.random },
    happened: () => {
      if (!noted(changes, now())) return
      batch ??= setTimeout(reload, learnsAfterMs)
    },
    failed: () => undefined, // it goes on by itself
  })
  const now = (): Upstreams => upstreamsOf(slices.items(namespace).map(({ object }) => object as EndpointSlice))
  const reload = (): void => {
    batch = undefined
    const upstreams = now()
    if (!noted(reloads, upstreams)) return
    nginx.reload(upstreams)
    telling = telling.then(() => tellOfReload(client, reloads.length)).catch(() => undefined) // nobody waits for it
  }
  const running = slices.run()
  return {
    changes,
    reloads,
    async stop() {
      ends.abort()
      clearTimeout(batch)
      await Promise.all([running, telling])
    },
  }
}

/** Adds what is the case from now on. @returns false, and adds nothing, if it was so before. */
function noted(told: Told[], upstreams: Upstreams): boolean {
  const names = [...upstreams].filter(([service]) => service !== 'kubernetes') // that of the API server
  const pods = Object.fromEntries(names.map(([service, all]) => [service, all.map(({ pod }) => pod)]))
  if (JSON.stringify(told.at(-1)?.pods ?? {}) === JSON.stringify(pods)) return false
  told.push({ at: Date.now(), pods })
  return true
}

/** The controller's own Pod, which is none: only its events are there. */
const self = { kind: 'Pod', namespace, name: 'ingress-nginx-controller-of-the-lab' }
const eventName = `${self.name}.reload`
const events = `/api/v1/namespaces/${namespace}/events`

/** The event that ingress-nginx writes (internal/ingress/controller); one that comes again only counts on, as client-go has it. */
async function tellOfReload(client: Client, count: number): Promise<void> {
  const lastTimestamp = `${new Date().toISOString().slice(0, 19)}Z`
  if (count > 1) {
    const contentType = 'application/merge-patch+json'
    await client.ask({ method: 'PATCH', path: `${events}/${eventName}`, contentType, body: { count, lastTimestamp } })
    return
  }
  const body = {
    ...{ apiVersion: 'v1', kind: 'Event', metadata: { name: eventName, namespace } },
    involvedObject: { apiVersion: 'v1', ...self },
    ...{ type: 'Normal', reason: 'RELOAD', message: 'NGINX reload triggered due to a change in configuration' },
    source: { component: 'nginx-ingress-controller' },
    ...{ count, firstTimestamp: lastTimestamp, lastTimestamp },
  }
  await client.ask({ method: 'POST', path: events, body })
}
