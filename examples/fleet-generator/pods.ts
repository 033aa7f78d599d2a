// The Pods of apps and Jobs.
import type { Container, Pod, PodCondition, PodSpec } from 'kubernetes-types/core/v1.js'
import type { OwnerReference } from 'kubernetes-types/meta/v1.js'
import { podCount, podName, selectorOf, templateHash, timesOf } from './apps.ts'
import { jobLabels } from './batch.ts'
import { iso, minute, second } from './calendar.ts'
import { containerStatuses } from './container-statuses.ts'
import { pick, served, suffix, uidOf } from './identity.ts'
import { meshMarks, withSidecar } from './mesh.ts'
import type { AppPlan, ClusterPlan, CronJobPlan, RestartsPlan } from './plan.ts'
import { appPodSpec, jobPodSpec, withPodDefaults } from './pod-template.ts'
import type { Ran } from './runs.ts'

/** A Pod, as its owner makes it. */
export interface PodPlan {
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
  /** Place in `cluster.nodes`; otherwise drawn. */
  readonly node?: number
  readonly annotations?: Readonly<Record<string, string>>
  readonly restarts?: RestartsPlan
  /** When it was asked to go, ms UTC. */
  readonly leaving?: number
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
  const volumeMounts = [{ name: volume.name, mountPath: apiAccess, readOnly: true }]
  const mounted = (containers: readonly Container[]) => containers.map((one) => ({ ...one, volumeMounts }))
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
    containers: mounted(whole.containers),
    ...(whole.initContainers && { initContainers: mounted(whole.initContainers) }),
    volumes: [volume],
  }
}

/** When its containers were last found ready; ms UTC. */
const readyAt = ({ created, restarts }: PodPlan): number => (restarts?.last ?? created) + 4 * second

function conditions(cluster: ClusterPlan, plan: PodPlan): PodCondition[] {
  const { ended, created } = plan
  const ready = ended === undefined ? {} : { reason: plan.exitCode ? 'PodFailed' : 'PodCompleted' }
  const last = iso(ended ?? readyAt(plan))
  const sandbox = iso(ended ?? created + 4 * second)
  const status = ended === undefined ? 'True' : 'False'
  return [
    // KEP-3085, on by default since 1.29.
    ...(cluster.minor >= 29 ? [{ type: 'PodReadyToStartContainers', status, lastTransitionTime: sandbox }] : []),
    { type: 'Initialized', status: 'True', lastTransitionTime: iso(created), ...(plan.exitCode ? {} : ready) },
    { type: 'Ready', status, lastTransitionTime: last, ...ready },
    { type: 'ContainersReady', status, lastTransitionTime: last, ...ready },
    { type: 'PodScheduled', status: 'True', lastTransitionTime: iso(created) },
  ]
}

/** The place in `cluster.nodes` of a Pod that may run anywhere. */
export const drawnNode = (cluster: ClusterPlan, namespace: string, name: string): number =>
  pick(`${cluster.name}/${namespace}/${name}/node`, cluster.nodes.length)

/** What a Pod's metadata says once it was asked to go: the time by which it has to be gone. */
function departure({ leaving, spec }: PodPlan) {
  if (leaving === undefined) return {}
  const grace = spec.terminationGracePeriodSeconds ?? 30
  return { deletionGracePeriodSeconds: grace, deletionTimestamp: iso(leaving + grace * second) }
}

function podOf(cluster: ClusterPlan, plan: PodPlan): Pod {
  const { name, namespace, created, ended } = plan
  const node = plan.node ?? drawnNode(cluster, namespace, name)
  const hostIP = cluster.nodes[node]?.address ?? ''
  const written = plan.leaving ?? ended ?? readyAt(plan) + second
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...served(cluster, 'Pod', namespace, name, { created, written }),
      ...(plan.owner.kind !== 'StatefulSet' && { generateName: name.slice(0, name.lastIndexOf('-') + 1) }),
      ...(plan.annotations && { annotations: { ...plan.annotations } }),
      ...departure(plan),
      labels: { ...plan.labels },
      ownerReferences: [{ ...plan.owner, blockOwnerDeletion: true, controller: true }],
    },
    spec: spec(cluster, plan, node),
    status: {
      phase: ended === undefined ? 'Running' : plan.exitCode ? 'Failed' : 'Succeeded',
      conditions: conditions(cluster, plan),
      ...containerStatuses(cluster, plan),
      hostIP,
      qosClass: 'Burstable',
      startTime: iso(created),
    },
  }
}

function appPod(cluster: ClusterPlan, plan: AppPlan, i: number): Pod {
  const { rolledOut } = timesOf(cluster, plan)
  const hash = templateHash(cluster, plan)
  const deployed = plan.kind === 'Deployment'
  const ownerName = deployed ? `${plan.name}-${hash}` : plan.name
  const ownerKind = deployed ? 'ReplicaSet' : plan.kind
  const hashLabel = deployed ? { 'pod-template-hash': hash } : { 'controller-revision-hash': `${plan.name}-${hash}` }
  const mesh = meshMarks(plan)
  // The one over the count takes the place of the one that leaves.
  const created = plan.leaving !== undefined && i === plan.replicas ? plan.leaving : rolledOut + i * minute
  return podOf(cluster, {
    name: podName(cluster, plan, i),
    namespace: plan.namespace,
    labels: { ...selectorOf(plan), ...(plan.team && { team: plan.team }), ...hashLabel, ...mesh.labels },
    ...(mesh.annotations && { annotations: mesh.annotations }),
    owner: {
      apiVersion: 'apps/v1',
      kind: ownerKind,
      name: ownerName,
      uid: uidOf(cluster, ownerKind, plan.namespace, ownerName),
    },
    spec: withSidecar(appPodSpec(cluster, plan), plan),
    created,
    ended: undefined,
    ...(plan.kind === 'DaemonSet' && { node: i }),
    ...(i === 0 && plan.restarts && { restarts: plan.restarts }),
    ...(i === 0 && plan.leaving !== undefined && { leaving: plan.leaving }),
  })
}

/** The Pods of a Deployment, StatefulSet or DaemonSet: all of them run, also one that should have gone. */
export const appPods = (cluster: ClusterPlan, plan: AppPlan): Pod[] =>
  Array.from({ length: podCount(cluster, plan) + (plan.leaving === undefined ? 0 : 1) }, (_, i) =>
    appPod(cluster, plan, i),
  )

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
