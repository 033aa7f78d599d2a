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
  /** Each reload of nginx, as soon as it serves by it; `at` is when it was told. */
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
  let working: Promise<void> = Promise.resolve()
  const slices = new Informer({
    ...{ client, kind: endpointSlices, signal: ends.signal, ticks: () => performance.now(), random: Math.random },
    happened: () => {
      const pods = podsOf(now())
      if (isSame(changes, pods)) return
      changes.push({ at: Date.now(), pods })
      batch ??= setTimeout(() => {
        batch = undefined
        working = working.then(reload)
      }, learnsAfterMs)
    },
    failed: () => undefined, // it goes on by itself
  })
  const now = (): Upstreams => upstreamsOf(slices.items(namespace).map(({ object }) => object as EndpointSlice))
  const reload = async (): Promise<void> => {
    const [at, upstreams] = [Date.now(), now()]
    const pods = podsOf(upstreams)
    if (isSame(reloads, pods) || ends.signal.aborted) return
    await nginx.reload(upstreams)
    reloads.push({ at, pods })
    await tellOfReload(client, reloads.length).catch(() => undefined) // nothing depends on it
  }
  const running = slices.run()
  return {
    changes,
    reloads,
    async stop() {
      ends.abort()
      clearTimeout(batch)
      await Promise.all([running, working])
    },
  }
}

function podsOf(upstreams: Upstreams): Told['pods'] {
  const names = [...upstreams].filter(([service]) => service !== 'kubernetes') // that of the API server
  return Object.fromEntries(names.map(([service, all]) => [service, all.map(({ pod }) => pod)]))
}

const isSame = (told: readonly Told[], pods: Told['pods']): boolean =>
  JSON.stringify(told.at(-1)?.pods ?? {}) === JSON.stringify(pods)

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
