// Deployments, StatefulSets and DaemonSets, all rolled out and ready.
import type { DaemonSet, Deployment, StatefulSet } from 'kubernetes-types/apps/v1.js'
import type { PodTemplateSpec } from 'kubernetes-types/core/v1.js'
import { at, day, exportedAt, hour, iso, minute } from './calendar.ts'
import { deliveredMeta } from './delivery.ts'
import { pick, suffix } from './identity.ts'
import type { AppPlan, ClusterPlan } from './plan.ts'
import { appPodSpec, withPodDefaults } from './pod-template.ts'

const keyOf = (cluster: ClusterPlan, plan: AppPlan): string => `${cluster.name}/${plan.namespace}/${plan.name}`

/** When an app was created and last rolled out, ms UTC. */
export function timesOf(cluster: ClusterPlan, plan: AppPlan): { readonly created: number; readonly rolledOut: number } {
  const key = keyOf(cluster, plan)
  const days = Math.floor((at('2026-09-01T00:00:00Z') - cluster.born) / day)
  // Office hours: nobody deploys at night.
  const firstDay = Math.floor(cluster.born / day + 1) * day
  const created = firstDay + pick(`${key}/created`, days) * day + 9 * hour + pick(key, 420) * minute
  const rolledOut = exportedAt - (3 + pick(`${key}/rollout`, 55)) * day + pick(key, 500) * minute
  return { created, rolledOut }
}

/** The hash in the names of a Deployment's ReplicaSet and Pods. */
export const templateHash = (cluster: ClusterPlan, plan: AppPlan): string =>
  suffix(`${keyOf(cluster, plan)}/${plan.image}`, 9)

/** The labels by which an app's Pods are selected. */
export const selectorOf = (plan: AppPlan): { app: string } => ({ app: plan.name })

const revisionOf = (cluster: ClusterPlan, plan: AppPlan): number => 3 + pick(keyOf(cluster, plan), 80)

/** How many Pods an app has. */
export const podCount = (cluster: ClusterPlan, plan: AppPlan): number =>
  plan.kind === 'DaemonSet' ? cluster.nodes.length : plan.replicas

/** The name of an app's Pod number `i`, counted from 0. */
export function podName(cluster: ClusterPlan, plan: AppPlan, i: number): string {
  if (plan.kind === 'StatefulSet') return `${plan.name}-${i}`
  const end = suffix(`${cluster.name}/${plan.namespace}/${plan.name}/${i}`)
  return plan.kind === 'Deployment' ? `${plan.name}-${templateHash(cluster, plan)}-${end}` : `${plan.name}-${end}`
}

function parts(cluster: ClusterPlan, plan: AppPlan) {
  const labels = { ...selectorOf(plan), ...(plan.team && { team: plan.team }) }
  const template: PodTemplateSpec = { metadata: { labels }, spec: appPodSpec(cluster, plan) }
  const wish = {
    apiVersion: 'apps/v1',
    kind: plan.kind,
    metadata: { name: plan.name, namespace: plan.namespace, labels },
    spec: {
      ...(plan.kind === 'DaemonSet' ? {} : { replicas: plan.replicas }),
      ...(plan.kind === 'StatefulSet' && { serviceName: plan.name }),
      selector: { matchLabels: selectorOf(plan) },
      template,
    },
  }
  const { created, rolledOut } = timesOf(cluster, plan)
  const revision = revisionOf(cluster, plan)
  return {
    metadata: { ...deliveredMeta(cluster, wish, plan.delivery, { created, written: rolledOut }), generation: revision },
    spec: { ...wish.spec, template: { ...template, spec: withPodDefaults(appPodSpec(cluster, plan)) } },
    revision,
    created: iso(created),
    rolledOut: iso(rolledOut),
  }
}

/** A Deployment as the API server shows it. */
export function deploymentOf(cluster: ClusterPlan, plan: AppPlan): Deployment {
  const { metadata, spec, revision, created, rolledOut } = parts(cluster, plan)
  const replicaSet = `${plan.name}-${templateHash(cluster, plan)}`
  const n = plan.replicas
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      ...metadata,
      annotations: { ...metadata.annotations, 'deployment.kubernetes.io/revision': String(revision) },
    },
    spec: {
      progressDeadlineSeconds: 600,
      revisionHistoryLimit: 10,
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      ...spec,
    },
    status: {
      availableReplicas: n,
      observedGeneration: revision,
      readyReplicas: n,
      replicas: n,
      updatedReplicas: n,
      conditions: [
        {
          type: 'Available',
          status: 'True',
          reason: 'MinimumReplicasAvailable',
          message: 'Deployment has minimum availability.',
          lastTransitionTime: created,
          lastUpdateTime: created,
        },
        {
          type: 'Progressing',
          status: 'True',
          reason: 'NewReplicaSetAvailable',
          message: `ReplicaSet "${replicaSet}" has successfully progressed.`,
          lastTransitionTime: created,
          lastUpdateTime: rolledOut,
        },
      ],
    },
  }
}

/** A StatefulSet as the API server shows it; its Service has the same name. */
export function statefulSetOf(cluster: ClusterPlan, plan: AppPlan): StatefulSet {
  const { metadata, spec, revision } = parts(cluster, plan)
  const name = `${plan.name}-${templateHash(cluster, plan)}`
  const n = plan.replicas
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata,
    spec: {
      podManagementPolicy: 'OrderedReady',
      revisionHistoryLimit: 10,
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      serviceName: plan.name,
      ...spec,
    },
    status: {
      availableReplicas: n,
      collisionCount: 0,
      currentReplicas: n,
      currentRevision: name,
      observedGeneration: revision,
      readyReplicas: n,
      replicas: n,
      updateRevision: name,
      updatedReplicas: n,
    },
  }
}

/** A DaemonSet as the API server shows it: one Pod on each node. */
export function daemonSetOf(cluster: ClusterPlan, plan: AppPlan): DaemonSet {
  const { metadata, spec, revision } = parts(cluster, plan)
  const n = podCount(cluster, plan)
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: {
      ...metadata,
      annotations: { ...metadata.annotations, 'deprecated.daemonset.template.generation': String(revision) },
    },
    spec: {
      revisionHistoryLimit: 10,
      updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 0, maxUnavailable: 1 } },
      ...spec,
    },
    status: {
      currentNumberScheduled: n,
      desiredNumberScheduled: n,
      numberAvailable: n,
      numberMisscheduled: 0,
      numberReady: n,
      observedGeneration: revision,
      updatedNumberScheduled: n,
    },
  }
}
