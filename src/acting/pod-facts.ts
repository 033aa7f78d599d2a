// What rails ask of the Pod that a container belongs to, from what the API server says of it. Pure.
import type { Namespace, Pod } from 'kubernetes-types/core/v1.js'
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.js'
import { spareAnnotation } from '../engine/rails.ts'
import type { PodFacts } from '../engine/situation.ts'
import type { PodIdentity } from '../linux/container.ts'
import { matches } from '../objects/selectors.ts'
import { timeOf } from '../objects/time.ts'

/** What was read of a Pod and around it. */
export interface PodSeen {
  /** `gone`: there is none of that name, or it is another one by its uid. */
  readonly pod: Pod | 'gone'
  /** Undefined where it is gone as well. */
  readonly namespace: Namespace | undefined
  /** Those of its namespace. */
  readonly budgets: readonly PodDisruptionBudget[]
  readonly owner?: OwnerSeen
}

/** The part of a workload that says how many of its Pods are ready; a DaemonSet has names of its own for them. */
export interface OwnerSeen {
  readonly spec?: { readonly replicas?: number }
  readonly status?: {
    readonly readyReplicas?: number
    readonly numberReady?: number
    readonly desiredNumberScheduled?: number
  }
}

/** In the mirror of a static Pod: the hash by which the kubelet knows it (pkg/kubelet/types/pod_update.go). */
const mirror = 'kubernetes.io/config.mirror'

/** The kubelet gives a static Pod a hash of 32 hexadecimal digits for a uid; the API server gives UUIDs. */
const isStaticUid = (uid: string): boolean => /^[0-9a-f]{32}$/.test(uid)

/** Whether an object of the API is the Pod that the container's labels name, or the mirror of it. */
export const isSamePod = ({ metadata }: Pod, { uid }: PodIdentity): boolean =>
  metadata?.uid === uid || metadata?.annotations?.[mirror] === uid

/** @param now ms UTC. */
export function podFacts(identity: PodIdentity, { pod, namespace, budgets, owner }: PodSeen, now: number): PodFacts {
  const { namespace: space, name, uid } = identity
  const spare = namespace?.metadata?.annotations?.[spareAnnotation]
  const ofNamespace = spare === undefined ? {} : { [spareAnnotation]: spare }
  if (pod === 'gone') {
    // Nobody wants it any more: its object was removed, which no kubelet has to agree to (kubectl delete --force).
    const facts = { namespace: space, name, annotations: ofNamespace, pastGraceMs: 1, owner: undefined }
    return { ...facts, static: isStaticUid(uid) }
  }
  const { metadata, spec } = pod
  // deletionTimestamp is when its grace period ends, not when it was deleted (apimachinery meta/v1/types.go).
  const end = timeOf(metadata?.deletionTimestamp)
  const maker = metadata?.ownerReferences?.find(({ controller }) => controller)
  const allowed = budgets
    .filter((one) => matches(one.spec?.selector, metadata?.labels ?? {}))
    .map(({ status }) => status?.disruptionsAllowed ?? 0)
  const ready = readyText(owner)
  return {
    namespace: space,
    name,
    annotations: { ...ofNamespace, ...metadata?.annotations },
    pastGraceMs: end === undefined ? undefined : now - end,
    owner: maker && `${maker.kind} ${maker.name}`,
    static: metadata?.annotations?.[mirror] !== undefined || maker?.kind === 'Node' || isStaticUid(uid),
    ...(spec?.priorityClassName && { priorityClass: spec.priorityClassName }),
    ...(allowed.length > 0 && { disruptionsAllowed: Math.min(...allowed) }),
    ...(ready !== undefined && { ownerReady: ready }),
  }
}

function readyText({ spec, status }: OwnerSeen = {}): string | undefined {
  const wanted = status?.desiredNumberScheduled ?? spec?.replicas
  if (wanted === undefined || status === undefined) return undefined
  return `${status.numberReady ?? status.readyReplicas ?? 0} of ${wanted}`
}
