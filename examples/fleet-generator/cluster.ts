// One cluster's files, as a platform team exports them with kubectl.
import type { Job } from 'kubernetes-types/batch/v1.js'
import type { Namespace, Pod, ResourceQuota } from 'kubernetes-types/core/v1.js'
import type { ObjectMeta } from 'kubernetes-types/meta/v1.js'
import { daemonSetOf, deploymentOf, statefulSetOf } from './apps.ts'
import { autoscalerOf } from './autoscalers.ts'
import { cronJobOf, jobOf } from './batch.ts'
import { day, exportedAt, iso } from './calendar.ts'
import { disruptionBudgetOf } from './disruption-budgets.ts'
import { endpointSliceOf } from './endpoint-slices.ts'
import { eventsOf } from './events.ts'
import { digest, resourceVersion, served, uidOf } from './identity.ts'
import { meshLabel } from './mesh.ts'
import type { ClusterPlan } from './plan.ts'
import { appPods, jobPods } from './pods.ts'
import { keptRuns } from './runs.ts'
import { ingressOf, serviceOf } from './services.ts'

interface Exported {
  readonly metadata?: ObjectMeta
}

function namespacesOf(cluster: ClusterPlan): Namespace[] {
  return Object.entries(cluster.namespaces).map(([name, team]) => {
    // 1.21 (KEP-2161).
    const nameLabel = cluster.minor >= 21 ? { 'kubernetes.io/metadata.name': name } : {}
    const labels = { ...nameLabel, ...meshLabel(cluster, name), ...(team !== undefined && { team }) }
    return {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: {
        name,
        uid: uidOf(cluster, 'Namespace', '', name),
        resourceVersion: resourceVersion(cluster, cluster.born, name),
        creationTimestamp: iso(cluster.born),
        ...(Object.keys(labels).length > 0 && { labels }),
      },
      spec: { finalizers: ['kubernetes'] },
      status: { phase: 'Active' },
    }
  })
}

function quotasOf(cluster: ClusterPlan, jobs: readonly Job[], pods: readonly Pod[]): ResourceQuota[] {
  return cluster.quotas.map(({ namespace, name, hard }) => {
    const here = (object: Exported): boolean => object.metadata?.namespace === namespace
    // A quota of Pods does not count those that have ended (Kubernetes, pkg/quota/v1/evaluator/core/pods.go).
    const counts: Record<string, number> = {
      'count/jobs.batch': jobs.filter(here).length,
      pods: pods.filter((pod) => here(pod) && pod.status?.phase === 'Running').length,
    }
    const used = Object.fromEntries(Object.keys(hard).map((resource) => [resource, String(counts[resource] ?? 0)]))
    const times = { created: cluster.born + 30 * day, written: exportedAt - day }
    return {
      apiVersion: 'v1',
      kind: 'ResourceQuota',
      metadata: served(cluster, 'ResourceQuota', namespace, name, times),
      spec: { hard: { ...hard } },
      status: { hard: { ...hard }, used },
    }
  })
}

/** Gives each Pod an address of its own; Pods that have ended keep theirs in their status. */
const withAddress = (pod: Pod, place: number): Pod => {
  const podIP = `10.244.${Math.floor(place / 200)}.${10 + (place % 200)}`
  return { ...pod, status: { ...pod.status, podIP, podIPs: [{ ip: podIP }] } }
}

/** What `kubectl version -o json` says. */
function versionOf(cluster: ClusterPlan) {
  const platform = { compiler: 'gc', platform: 'linux/amd64', gitTreeState: 'clean' }
  const minor = String(cluster.minor)
  return {
    clientVersion: {
      ...platform,
      major: '1',
      minor: '34',
      gitVersion: 'v1.34.1',
      gitCommit: digest('kubectl').slice(0, 40),
      buildDate: '2025-09-09T19:44:50Z',
      goVersion: 'go1.24.6',
    },
    kustomizeVersion: 'v5.7.1',
    serverVersion: {
      ...platform,
      major: '1',
      minor,
      gitVersion: cluster.gitVersion,
      gitCommit: digest(cluster.gitVersion).slice(0, 40),
      buildDate: cluster.buildDate,
      goVersion: cluster.goVersion,
      // KEP-4330, shown since 1.33.
      ...(cluster.minor >= 33 && {
        emulationMajor: '1',
        emulationMinor: minor,
        minCompatibilityMajor: '1',
        minCompatibilityMinor: String(cluster.minor - 1),
      }),
    },
  }
}

const keyOf = ({ metadata }: Exported): string => `${metadata?.namespace ?? ''}/${metadata?.name}`

/** A list as `kubectl get -A -o json` prints it: by namespace, then by name. */
const listOf = (items: readonly Exported[]) => ({
  apiVersion: 'v1',
  kind: 'List',
  metadata: { resourceVersion: '' },
  items: [...items].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)),
})

/** The files of what stands next to the apps; a list may be empty. */
function besideFiles(cluster: ClusterPlan, pods: readonly Pod[]): Record<string, unknown> {
  const { apps } = cluster
  const served = apps.flatMap((plan) =>
    plan.port ? [{ plan, port: plan.port, service: serviceOf(cluster, plan, plan.port) }] : [],
  )
  return {
    'services.json': listOf(served.map(({ service }) => service)),
    'endpointslices.json': listOf(
      served.map(({ plan, port, service }) => endpointSliceOf(cluster, plan, port, service, pods)),
    ),
    'ingresses.json': listOf(apps.flatMap((plan) => (plan.host ? [ingressOf(cluster, plan, plan.host)] : []))),
    'poddisruptionbudgets.json': listOf(
      apps.flatMap((plan) => (plan.budget ? [disruptionBudgetOf(cluster, plan, plan.budget)] : [])),
    ),
    'horizontalpodautoscalers.json': listOf(
      apps.flatMap((plan) => (plan.autoscaler ? [autoscalerOf(cluster, plan, plan.autoscaler)] : [])),
    ),
  }
}

/** The files of a cluster's folder: name to content. */
export function clusterFiles(cluster: ClusterPlan): Record<string, unknown> {
  const { apps, cronJobs } = cluster
  const runs = cronJobs.flatMap((plan) => keptRuns(cluster, plan).map((ran) => ({ plan, ran })))
  const jobs = runs.map(({ plan, ran }) => jobOf(cluster, plan, ran))
  const pods = [
    ...apps.flatMap((plan) => appPods(cluster, plan)),
    ...runs.flatMap(({ plan, ran }) => jobPods(cluster, plan, ran)),
  ].map(withAddress)
  const ofKind = (kind: string) => apps.filter((plan) => plan.kind === kind)
  return {
    'version.json': versionOf(cluster),
    'cronjobs.json': listOf(cronJobs.map((plan) => cronJobOf(cluster, plan))),
    'jobs.json': listOf(jobs),
    'events.json': listOf(eventsOf(cluster)),
    'resourcequotas.json': listOf(quotasOf(cluster, jobs, pods)),
    'namespaces.json': listOf(namespacesOf(cluster)),
    'deployments.json': listOf(ofKind('Deployment').map((plan) => deploymentOf(cluster, plan))),
    'statefulsets.json': listOf(ofKind('StatefulSet').map((plan) => statefulSetOf(cluster, plan))),
    'daemonsets.json': listOf(ofKind('DaemonSet').map((plan) => daemonSetOf(cluster, plan))),
    ...besideFiles(cluster, pods),
    'pods.json': listOf(pods),
  }
}
