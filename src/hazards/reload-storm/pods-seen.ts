// What the Pods of such controllers show: when they started, what they told of reloads in events, and in metrics where they were asked.
import type { Event, Pod } from 'kubernetes-types/core/v1.js'
import { index, maybe } from '../../contract/reads.ts'
import { events, pods } from '../../objects/kinds.ts'
import { keyOf } from '../../objects/owners.ts'
import type { PodMetrics } from '../../objects/pod-metrics.ts'
import { podTemplateOf, workloadOf } from '../../objects/pod-templates.ts'
import { timeOf } from '../../objects/time.ts'
import { controllerMetrics } from './figures.ts'
import { reloaderOf } from './reloaders.ts'

/** A Pod that is such a controller. `started`: when the controller's container did, ms UTC. */
export interface PodSeen {
  readonly namespace: string
  readonly name: string
  readonly started: number | undefined
}

/** By workload, as `Kind namespace/name`; a Pod that nobody made is its own. */
export const controllerPods = maybe(
  index(
    pods,
    ({ metadata }: Pod) => workloadOf(metadata) ?? `Pod ${keyOf(metadata?.namespace, metadata?.name)}`,
    (pod: Pod): PodSeen | undefined => {
      const { metadata, status } = pod
      const template = podTemplateOf(pod)
      const reloader = template && reloaderOf(template, metadata?.namespace)
      if (!reloader) return undefined
      const state = status?.containerStatuses?.find(({ name }) => name === reloader.container.name)?.state
      return {
        namespace: metadata?.namespace ?? '',
        name: metadata?.name ?? '',
        started: timeOf(state?.running?.startedAt),
      }
    },
  ),
)

/** An event of reloads. Times in ms UTC. */
export interface ReloadEvent {
  readonly failed: boolean
  readonly count: number
  readonly first: number | undefined
  readonly last: number | undefined
  readonly message: string
}

/**
 * ingress-nginx, from 0.40 on, writes an event on its own Pod for each reload (internal/ingress/controller/controller.go, syncIngress). The
 * count is right though client-go writes at most 25 of one Pod in a row and then one each 5 minutes: it counts those that it holds back too
 * (tools/record/events_cache.go, EventCorrelate), so the last time may be 5 minutes behind.
 */
export const reloadEvents = maybe(
  index(
    events,
    ({ involvedObject, reason }: Event) =>
      involvedObject?.kind === 'Pod' && reason === 'RELOAD'
        ? keyOf(involvedObject.namespace, involvedObject.name)
        : undefined,
    ({ type, message, count, firstTimestamp, lastTimestamp }: Event): ReloadEvent => ({
      failed: type === 'Warning',
      count: count ?? 1,
      first: timeOf(firstTimestamp),
      last: timeOf(lastTimestamp),
      message: message ?? '',
    }),
  ),
)

export const podMetrics = maybe(
  index(
    controllerMetrics,
    ({ namespace, pod }: PodMetrics) => keyOf(namespace, pod),
    (metrics: PodMetrics) => metrics,
  ),
)
