// What is kept of Nodes (they list every image that they hold) and of the events about them.
import type { Event, Node } from 'kubernetes-types/core/v1.js'
import { index, list, maybe } from '../../contract/reads.ts'
import { events, nodes } from '../../objects/kinds.ts'
import { timeOf } from '../../objects/time.ts'
import type { Told } from './rhythm.ts'

/** The Ready condition; times in ms UTC. */
export interface Ready {
  /** Its place among the conditions. */
  readonly place: number
  readonly status: string
  readonly message: string
  /** When it became what it is. */
  readonly changed: number | undefined
  /** When the kubelet last said so. */
  readonly heartbeat: number | undefined
}

export interface SeenNode {
  readonly created: number | undefined
  readonly ready: Ready | undefined
  /** `containerd://1.7.2`. */
  readonly runtime: string
}

export const readyNodes = list(nodes, ({ metadata, status }: Node): SeenNode => {
  const place = status?.conditions?.findIndex(({ type }) => type === 'Ready') ?? -1
  const condition = status?.conditions?.[place]
  return {
    created: timeOf(metadata?.creationTimestamp),
    ready: condition && {
      place,
      status: condition.status,
      message: condition.message ?? '',
      changed: timeOf(condition.lastTransitionTime),
      heartbeat: timeOf(condition.lastHeartbeatTime),
    },
    runtime: status?.nodeInfo?.containerRuntimeVersion ?? '',
  }
})

/**
 * `silent`: the node controller turned it NotReady, since the kubelet did not tell anything any more; it does so for no
 * other reason (node_lifecycle_controller.go). `started`: the kubelet, which is NotReady until it has looked once.
 * `collect-failed`: it could not remove dead containers, since the runtime did not answer in time.
 */
export type What = 'not-ready' | 'silent' | 'started' | 'collect-failed'

export interface NodeEvent extends Told {
  readonly what: What
  readonly message: string
}

/** The reasons are those of pkg/kubelet/events/event.go. kube-proxy says `Starting` of the node as well. */
function whatOf({ reason, message, source, reportingComponent }: Event): What | undefined {
  const by = source?.component ?? reportingComponent ?? ''
  if (reason === 'NodeNotReady') return /controller/.test(by) ? 'silent' : 'not-ready'
  if (reason === 'Rebooted' || (reason === 'Starting' && /kubelet/i.test(`${by} ${message}`))) return 'started'
  return reason === 'ContainerGCFailed' && /deadline ?exceeded/i.test(message ?? '') ? 'collect-failed' : undefined
}

/** By the node's name: all that tells how often it turned NotReady, and why. */
export const nodeEvents = maybe(
  index(
    events,
    ({ involvedObject: about }) => (about?.kind === 'Node' ? about.name : undefined),
    (event: Event): NodeEvent | undefined => {
      const what = whatOf(event)
      const last = timeOf(event.lastTimestamp) ?? timeOf(event.series?.lastObservedTime) ?? timeOf(event.eventTime)
      if (!what || last === undefined) return undefined
      const first = timeOf(event.firstTimestamp) ?? timeOf(event.eventTime) ?? last
      return { what, message: event.message ?? '', first, last, count: event.count ?? event.series?.count ?? 1 }
    },
  ),
)
