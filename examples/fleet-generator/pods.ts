// The Pods of apps and Jobs.
import type { ContainerState, Pod, PodCondition, PodSpec } from 'kubernetes-types/core/v1.js'
import type { OwnerReference } from 'kubernetes-types/meta/v1.js'
import { podCount, selectorOf, templateHash, timesOf } from './apps.ts'
import { jobLabels } from './batch.ts'
import { exportedAt, iso, minute, second } from './calendar.ts'
import { digest, pick, served, suffix, uidOf } from './identity.ts'
import type { AppPlan, ClusterPlan, CronJobPlan } from './plan.ts'
import { appPodSpec, jobPodSpec, withPodDefaults } from './pod-template.ts'
import type { Ran } from './runs.ts'

interface PodPlan {
  readonly name: string
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly owner: Omit<OwnerReference, 'blockOwnerDeletion' | 'controller'>
  readonly spec: PodSpec
  /** ms UTC. */
  readonly created: number
  /** ms UTC; undefined: it still runs. */
  readonly ended: number | undefined
  readonly exitCode?: number
  /** When its deletion was asked for, ms UTC. */
  readonly deletedAt?: number
  /** Place in `cluster.nodes`; otherwise drawn. */
  readonly node?: number
}

const apiAccess = '/var/run/secrets/kubernetes.io/serviceaccount'

/** The volume with the service account's token: projected since 1.21 (KEP-1205), a plain Secret before. */
function tokenVolume(cluster: ClusterPlan, plan: PodPlan) {
  if (cluster.minor < 21) {
    const name = `default-token-${suffix(`${cluster.name}/${plan.namespace}`)}`
    return { name, secret: { defaultMode: 420, secretName: name } }
  }
  return {
    name: `kube-api-access-${suffix(`${plan.namespace}/${plan.name}/token`)}`,
    projected: {
      defaultMode: 420,
      sources: [
        { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
      ],
    },
  }
}

function spec(cluster: ClusterPlan, plan: PodPlan, node: number): PodSpec {
  const volume = tokenVolume(cluster, plan)
  const whole = withPodDefaults(plan.spec)
  const tolerations = ['not-ready', 'unreachable'].map((taint) => ({
    key: `node.kubernetes.io/${taint}`,
    operator: 'Exists',
    effect: 'NoExecute',
    // A DaemonSet's Pods stay for good.
    ...(plan.owner.kind !== 'DaemonSet' && { tolerationSeconds: 300 }),
  }))
  return {
    enableServiceLinks: true,
    preemptionPolicy: 'PreemptLowerPriority',
    priority: 0,
    serviceAccountName: 'default',
    ...whole,
    nodeName: cluster.nodes[node]?.name ?? '',
    tolerations: [...(whole.tolerations ?? []), ...tolerations],
    containers: whole.containers.map((container) => ({
      ...container,
      volumeMounts: [{ name: volume.name, mountPath: apiAccess, readOnly: true }],
    })),
    volumes: [volume],
  }
}

function conditions(cluster: ClusterPlan, plan: PodPlan): PodCondition[] {
  const { ended, created } = plan
  const ready = ended === undefined ? {} : { reason: plan.exitCode ? 'PodFailed' : 'PodCompleted' }
  const last = iso(ended ?? created + 4 * second)
  const status = ended === undefined ? 'True' : 'False'
  return [
    // KEP-3085, on by default since 1.29.
    ...(cluster.minor >= 29 ? [{ type: 'PodReadyToStartContainers', status, lastTransitionTime: last }] : []),
    { type: 'Initialized', status: 'True', lastTransitionTime: iso(created), ...(plan.exitCode ? {} : ready) },
    { type: 'Ready', status, lastTransitionTime: last, ...ready },
    { type: 'ContainersReady', status, lastTransitionTime: last, ...ready },
    { type: 'PodScheduled', status: 'True', lastTransitionTime: iso(created) },
  ]
}

function state(plan: PodPlan, containerID: string): ContainerState {
  const startedAt = iso(plan.created + 2 * second)
  if (plan.ended === undefined) return { running: { startedAt } }
  const exitCode = plan.exitCode ?? 0
  const reason = exitCode === 0 ? 'Completed' : 'Error'
  return { terminated: { containerID, exitCode, finishedAt: iso(plan.ended), reason, startedAt } }
}

/** deletionTimestamp is when the grace period ends, not when the deletion was asked for. */
function deletion({ deletedAt, spec: { terminationGracePeriodSeconds: grace = 30 } }: PodPlan) {
  return deletedAt === undefined
    ? {}
    : { deletionTimestamp: iso(deletedAt + grace * second), deletionGracePeriodSeconds: grace }
}

function podOf(cluster: ClusterPlan, plan: PodPlan): Pod {
  const { name, namespace, created, ended } = plan
  const node = plan.node ?? pick(`${cluster.name}/${namespace}/${name}/node`, cluster.nodes.length)
  const containerID = `${cluster.minor >= 24 ? 'containerd' : 'docker'}://${digest(`${cluster.name}/${namespace}/${name}`)}`
  const hostIP = cluster.nodes[node]?.address ?? ''
  const running = ended === undefined
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...served(cluster, 'Pod', namespace, name, { created, written: ended ?? created + 5 * second }),
      ...deletion(plan),
      ...(plan.owner.kind !== 'StatefulSet' && { generateName: name.slice(0, name.lastIndexOf('-') + 1) }),
      labels: { ...plan.labels },
      ownerReferences: [{ ...plan.owner, blockOwnerDeletion: true, controller: true }],
    },
    spec: spec(cluster, plan, node),
    status: {
      phase: running ? 'Running' : plan.exitCode ? 'Failed' : 'Succeeded',
      conditions: conditions(cluster, plan),
      containerStatuses: plan.spec.containers.map((container) => ({
        name: container.name,
        image: container.image ?? '',
        imageID: `${(container.image ?? '').split(':')[0]}@sha256:${digest(container.image ?? '')}`,
        containerID,
        ready: running,
        started: running,
        restartCount: 0,
        state: state(plan, containerID),
      })),
      hostIP,
      qosClass: 'Burstable',
      startTime: iso(created),
    },
  }
}

/** The pod spec with what admission webhooks add. */
const asAdmitted = ({ injected }: AppPlan, spec: PodSpec): PodSpec =>
  injected ? { ...spec, containers: [...spec.containers, { ...injected }] } : spec

/** The name of an app's first Pod. */
export const firstPod = (cluster: ClusterPlan, plan: AppPlan): string => appPods(cluster, plan)[0]?.metadata?.name ?? ''

/** The Pods of a Deployment, StatefulSet or DaemonSet: all of them run. */
export function appPods(cluster: ClusterPlan, plan: AppPlan): Pod[] {
  const { rolledOut } = timesOf(cluster, plan)
  const hash = templateHash(cluster, plan)
  const deployed = plan.kind === 'Deployment'
  const ownerName = deployed ? `${plan.name}-${hash}` : plan.name
  const ownerKind = deployed ? 'ReplicaSet' : plan.kind
  const hashLabel = deployed ? { 'pod-template-hash': hash } : { 'controller-revision-hash': `${plan.name}-${hash}` }
  return Array.from({ length: podCount(cluster, plan) }, (_, i) => {
    const end = plan.kind === 'StatefulSet' ? String(i) : suffix(`${cluster.name}/${plan.namespace}/${plan.name}/${i}`)
    return podOf(cluster, {
      name: `${ownerName}-${end}`,
      namespace: plan.namespace,
      labels: { ...selectorOf(plan), ...(plan.team && { team: plan.team }), ...hashLabel },
      owner: {
        apiVersion: 'apps/v1',
        kind: ownerKind,
        name: ownerName,
        uid: uidOf(cluster, ownerKind, plan.namespace, ownerName),
      },
      spec: asAdmitted(plan, appPodSpec(cluster, plan)),
      ...(plan.stuckEndpoint && i === 0 && { deletedAt: exportedAt - 4 * minute }),
      created: rolledOut + i * minute,
      ended: undefined,
      ...(plan.kind === 'DaemonSet' && { node: i }),
    })
  })
}

/** The Pods of one Job; a failed Job has one for each attempt. */
export function jobPods(cluster: ClusterPlan, plan: CronJobPlan, ran: Ran): Pod[] {
  const attempts = ran.result === 'failed' ? 1 + (plan.backoffLimit ?? 6) : 1
  // The API server's and kubelets' clocks were right even where kube-controller-manager's was not.
  const took = ran.ended === undefined ? undefined : ran.ended - ran.started
  return Array.from({ length: attempts }, (_, i) => {
    const part = took === undefined ? undefined : took / attempts
    const created = ran.created + i * (part ?? 0)
    return podOf(cluster, {
      name: `${ran.job}-${suffix(`${cluster.name}/${plan.namespace}/${ran.job}/${i}`)}`,
      namespace: plan.namespace,
      labels: jobLabels(cluster, plan, ran),
      owner: {
        apiVersion: 'batch/v1',
        kind: 'Job',
        name: ran.job,
        uid: uidOf(cluster, 'Job', plan.namespace, ran.job),
      },
      spec: jobPodSpec(cluster, plan),
      created,
      ended: part === undefined ? undefined : created + Math.max(second, part - 2 * second),
      ...(ran.result === 'failed' && { exitCode: 1 }),
    })
  })
}
