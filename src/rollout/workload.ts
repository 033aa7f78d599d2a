// The workload that is rolled out: how its Pods are told from others, and how far a rollout has come.
import type { LabelSelector, ObjectMeta } from 'kubernetes-types/meta/v1.js'
import type { Kind } from '../contract/hazard.ts'
import { daemonSets, deployments, statefulSets } from '../objects/kinds.ts'
import type { PodMaker } from '../objects/pod-templates.ts'

/** The fields of Deployments, StatefulSets and DaemonSets that say how they stand. */
export interface Workload extends PodMaker {
  readonly metadata?: ObjectMeta
  readonly spec?: PodMaker['spec'] & { readonly selector?: LabelSelector }
  readonly status?: {
    readonly observedGeneration?: number
    readonly replicas?: number
    readonly updatedReplicas?: number
    readonly availableReplicas?: number
    readonly readyReplicas?: number
    readonly currentRevision?: string
    readonly updateRevision?: string
    readonly desiredNumberScheduled?: number
    readonly updatedNumberScheduled?: number
    readonly numberAvailable?: number
  }
}

const names: readonly (readonly [Kind<unknown>, readonly string[]])[] = [
  [deployments, ['deploy', 'deployment', 'deployments', 'deployment.apps', 'deployments.apps']],
  [statefulSets, ['sts', 'statefulset', 'statefulsets', 'statefulset.apps', 'statefulsets.apps']],
  [daemonSets, ['ds', 'daemonset', 'daemonsets', 'daemonset.apps', 'daemonsets.apps']],
]

/** `deploy/shop`, as kubectl has it; undefined if it names nothing that can be rolled out. */
export function workloadNamed(text: string): { readonly kind: Kind<unknown>; readonly name: string } | undefined {
  const [, kindName = '', name = ''] = /^([A-Za-z.]+)\/([a-z0-9]([-a-z0-9.]*[a-z0-9])?)$/.exec(text) ?? []
  const kind = names.find(([, aliases]) => aliases.includes(kindName.toLowerCase()))?.[0]
  return kind && { kind, name }
}

export interface Progress {
  readonly done: boolean
  /** `2 of 3 are new, 3 available`. */
  readonly text: string
}

/** As `kubectl rollout status` judges it (kubectl, pkg/polymorphichelpers/rollout_status.go). */
export function progressOf(kind: string, { metadata, spec, status = {} }: Workload): Progress {
  const seen = (status.observedGeneration ?? 0) >= (metadata?.generation ?? 0)
  if (kind === daemonSets.kind) {
    const { desiredNumberScheduled: wanted = 0, updatedNumberScheduled: updated = 0, numberAvailable = 0 } = status
    return progress(seen && updated >= wanted && numberAvailable >= wanted, {
      updated,
      wanted,
      available: numberAvailable,
    })
  }
  const wanted = spec?.replicas ?? 1
  const { updatedReplicas: updated = 0, replicas = 0, availableReplicas: available = 0, readyReplicas = 0 } = status
  if (kind === statefulSets.kind) {
    const done = seen && readyReplicas >= wanted && status.currentRevision === status.updateRevision
    return progress(done, { updated: done ? wanted : updated, wanted, available: readyReplicas })
  }
  return progress(seen && updated >= wanted && replicas <= updated && available >= updated, {
    updated,
    wanted,
    available,
  })
}

const progress = (
  done: boolean,
  { updated, wanted, available }: { readonly updated: number; readonly wanted: number; readonly available: number },
): Progress => ({ done, text: `${Math.min(updated, wanted)} of ${wanted} are new, ${available} available` })
