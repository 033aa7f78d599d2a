// What is kept of Pods and of the endpoints that name them: of 30,000 Pods only what the rules ask for.
import type { Container, ContainerStatus, Pod } from 'kubernetes-types/core/v1.js'
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js'
import type { Item, Unread } from '../../contract/hazard.ts'
import { index, isUnread, maybe } from '../../contract/reads.ts'
import { endpointSlices, pods } from '../../objects/kinds.ts'
import { workloadOf } from '../../objects/pod-templates.ts'
import { timeOf } from '../../objects/time.ts'

/** A container that has ended, and does not run again. */
export interface Ended {
  readonly name: string
  readonly place: number
  readonly exitCode: number
  readonly reason: string
  /** ms UTC. */
  readonly at: number | undefined
}

/** A Pod; times in ms UTC. */
export interface PodSeen {
  readonly name: string
  readonly uid: string
  readonly node: string | undefined
  /** When its deletion was asked for. */
  readonly deletedAt: number | undefined
  /** Seconds that this deletion gave; `kubectl delete --grace-period` may differ from what the Pod asked for. */
  readonly grace: number | undefined
  /** It was ended as its node shut down; `began`: when its kubelet said so, from 1.26 on. */
  readonly shutdown?: { readonly began: number | undefined }
  /** The Ready condition: `since` when it became what it is. */
  readonly ready?: { readonly is: boolean; readonly since: number; readonly place: number }
  /** When the last of its containers started; undefined unless all of them run. */
  readonly started: number | undefined
  readonly ended: readonly Ended[]
  /** Only where there is more than one: something may have been added to them. */
  readonly containers: readonly Container[]
  readonly annotations: Readonly<Record<string, string>>
}

/** When somebody asked for a Pod's deletion: deletionTimestamp is when its grace period ends (metav1.ObjectMeta). */
function deletionOf({ metadata }: Pod): number | undefined {
  const ends = timeOf(metadata?.deletionTimestamp)
  return ends === undefined ? undefined : ends - (metadata?.deletionGracePeriodSeconds ?? 0) * 1000
}

/**
 * What the kubelet leaves on Pods that it ends as their node shuts down (pkg/kubelet/nodeshutdown/nodeshutdown_manager_linux.go:
 * reason Terminated from 1.22 on, Shutdown before), and since when (condition DisruptionTarget, from 1.26 on: KEP-3329).
 */
function shutdownOf({ status }: Pod): Pick<PodSeen, 'shutdown'> {
  const told =
    status?.reason === 'Shutdown' || (status?.reason === 'Terminated' && /node shutdown/.test(status.message ?? ''))
  if (!told) return {}
  const target = status.conditions?.find(
    ({ type, reason }) => type === 'DisruptionTarget' && reason === 'TerminationByKubelet',
  )
  return { shutdown: { began: timeOf(target?.lastTransitionTime) } }
}

function readyOf({ status }: Pod): Pick<PodSeen, 'ready'> {
  const place = status?.conditions?.findIndex(({ type }) => type === 'Ready') ?? -1
  const condition = status?.conditions?.[place]
  const since = timeOf(condition?.lastTransitionTime)
  return condition && since !== undefined ? { ready: { is: condition.status === 'True', since, place } } : {}
}

function startOf(statuses: readonly ContainerStatus[]): number | undefined {
  const starts = statuses.map(({ state }) => timeOf(state?.running?.startedAt))
  const known = starts.filter((start) => start !== undefined)
  return known.length > 0 && known.length === starts.length ? Math.max(...known) : undefined
}

const endedOf = ({ name, state }: ContainerStatus, place: number): Ended[] => {
  const end = state?.terminated
  return end ? [{ name, place, exitCode: end.exitCode, reason: end.reason ?? '', at: timeOf(end.finishedAt) }] : []
}

const few = ({ name, image, lifecycle, env, args, command }: Container): Container => ({
  name,
  ...(image !== undefined && { image }),
  ...(lifecycle && { lifecycle }),
  ...(env && { env }),
  ...(args && { args }),
  ...(command && { command }),
})

/** By workload. */
export const ownPods = maybe(
  index(
    pods,
    ({ metadata }) => workloadOf(metadata),
    (pod: Pod): PodSeen => {
      const { metadata, spec, status } = pod
      const containers = spec?.containers ?? []
      const statuses = status?.containerStatuses ?? []
      return {
        name: metadata?.name ?? '',
        uid: metadata?.uid ?? '',
        node: spec?.nodeName,
        deletedAt: deletionOf(pod),
        grace: metadata?.deletionGracePeriodSeconds,
        ...shutdownOf(pod),
        ...readyOf(pod),
        started: startOf(statuses),
        ended: statuses.flatMap(endedOf),
        containers: containers.length < 2 ? [] : containers.map(few),
        annotations: containers.length < 2 ? {} : (metadata?.annotations ?? {}),
      }
    },
  ),
)

/** A slice: the Pods that stand in it as ready. */
export interface ReadySlice {
  readonly service: string
  readonly pods: readonly string[]
}

/** By namespace: one list per slice, so that 30,000 Pods take little. */
export const readyPods = maybe(
  index(
    endpointSlices,
    ({ metadata }) => metadata?.namespace ?? '',
    ({ metadata, endpoints }: EndpointSlice): ReadySlice => ({
      service: metadata?.labels?.['kubernetes.io/service-name'] ?? metadata?.name ?? '',
      // `ready` unset counts as ready (discovery/v1 EndpointConditions).
      pods: (endpoints ?? []).flatMap(({ conditions, targetRef }) =>
        conditions?.ready !== false && targetRef?.kind === 'Pod' && targetRef.name ? [targetRef.name] : [],
      ),
    }),
  ),
)

export type ByNamespace<T> = ReadonlyMap<string, readonly Item<T>[]> | Unread

/** What could be read of a namespace; nothing where it could not. */
export const inNamespace = <T>(map: ByNamespace<T>, namespace: string | undefined): readonly Item<T>[] =>
  isUnread(map) ? [] : (map.get(namespace ?? '') ?? [])
