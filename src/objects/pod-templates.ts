import type { Container, PodSpec, PodTemplateSpec } from 'kubernetes-types/core/v1.js'
import type { ObjectMeta } from 'kubernetes-types/meta/v1.js'
import type { Path } from '../contract/hazard.ts'

/** How Deployments and DaemonSets change their Pods; the latter call it updateStrategy. */
export interface Strategy {
  readonly type?: string
  readonly rollingUpdate?: { readonly maxSurge?: string | number; readonly maxUnavailable?: string | number }
}

/** A Pod (which has `containers`), or what makes Pods from a template: the fields that are the same in all of them. */
export interface PodMaker {
  readonly metadata?: ObjectMeta
  readonly spec?: {
    readonly replicas?: number
    readonly strategy?: Strategy
    readonly updateStrategy?: Strategy
    readonly template?: PodTemplateSpec
    readonly containers?: readonly Container[]
  }
}

/** Whether an object is itself a Pod. */
export const isPod = ({ spec }: PodMaker): boolean => Array.isArray(spec?.containers)

/** What Pods are made of, and where in the object it stands. */
export interface PodTemplate {
  readonly spec: PodSpec
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** The path of `spec` in the object. */
  readonly path: Path
}

/** The pod template of a workload, or a Pod itself; undefined if the object has no containers at all. */
export function podTemplateOf(object: PodMaker): PodTemplate | undefined {
  const own = isPod(object)
  const spec = own ? (object.spec as PodSpec) : object.spec?.template?.spec
  if (!spec || !Array.isArray(spec.containers)) return undefined
  const metadata = own ? object.metadata : object.spec?.template?.metadata
  return {
    spec,
    labels: metadata?.labels ?? {},
    annotations: metadata?.annotations ?? {},
    path: own ? ['spec'] : ['spec', 'template', 'spec'],
  }
}

/**
 * The workload that made a Pod, as `Kind namespace/name`; undefined for a Pod that nobody made. A ReplicaSet is named after
 * its Deployment (or Rollout) and the pod-template-hash that its Pods carry (Kubernetes,
 * pkg/controller/deployment/sync.go), so that ReplicaSets need not be read.
 */
export function workloadOf(metadata: ObjectMeta | undefined): string | undefined {
  const owner = metadata?.ownerReferences?.find(({ controller }) => controller)
  if (!owner) return undefined
  const hash = metadata?.labels?.['pod-template-hash'] ?? metadata?.labels?.['rollouts-pod-template-hash']
  const made = owner.kind === 'ReplicaSet' && hash !== undefined && owner.name.endsWith(`-${hash}`)
  const name = made ? owner.name.slice(0, -hash.length - 1) : owner.name
  const kind = made ? (metadata?.labels?.['rollouts-pod-template-hash'] ? 'Rollout' : 'Deployment') : owner.kind
  return `${kind} ${metadata?.namespace ?? ''}/${name}`
}
