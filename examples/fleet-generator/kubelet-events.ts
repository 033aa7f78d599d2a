// What kubelets reported of the first Pods of apps that did not stop as they should.
import { podName } from './apps.ts'
import { second } from './calendar.ts'
import type { AppPlan, ClusterPlan, EventPlan } from './plan.ts'
import { drawnNode } from './pods.ts'

type What = Omit<EventPlan, 'namespace' | 'kind' | 'name' | 'component' | 'host'>

// Each time the probe failed, the kubelet ran the preStop hook, which failed as well, and killed the container. Why the
// hook failed it does not say (Kubernetes, pkg/kubelet/kuberuntime, executePreStopHook).
function ofRestarts({ name, restarts }: AppPlan): What[] {
  if (!restarts) return []
  const shared = { ...restarts, container: name }
  return [
    {
      ...shared,
      type: 'Warning',
      reason: 'Unhealthy',
      message: 'Liveness probe failed: HTTP probe failed with statuscode: 503',
      // failureThreshold.
      count: 3 * restarts.count,
      first: restarts.first - 20 * second,
    },
    {
      ...shared,
      type: 'Normal',
      reason: 'Killing',
      message: `Container ${name} failed liveness probe, will be restarted`,
    },
    { ...shared, type: 'Warning', reason: 'FailedPreStopHook', message: 'PreStopHook failed' },
  ]
}

// The runtime gets the grace period and two minutes (--runtime-request-timeout) before the kubelet says so.
function ofLeaving({ name, leaving, grace = 30 }: AppPlan): What[] {
  if (leaving === undefined) return []
  const failed = leaving + (grace + 120) * second
  const why = 'rpc error: code = DeadlineExceeded desc = context deadline exceeded'
  return [
    {
      type: 'Normal',
      reason: 'Killing',
      message: `Stopping container ${name}`,
      count: 1,
      first: leaving,
      last: leaving,
      container: name,
    },
    {
      type: 'Warning',
      reason: 'FailedKillPod',
      message: `error killing pod: failed to "KillContainer" for "${name}" with KillContainerError: "${why}"`,
      count: 1,
      first: failed,
      last: failed,
    },
  ]
}

/** The events of an app's first Pod. */
export function kubeletEvents(cluster: ClusterPlan, plan: AppPlan): EventPlan[] {
  const { namespace } = plan
  const name = podName(cluster, plan, 0)
  const host = cluster.nodes[drawnNode(cluster, namespace, name)]?.name ?? ''
  return [...ofRestarts(plan), ...ofLeaving(plan)].map((what) => ({
    ...what,
    namespace,
    kind: 'Pod',
    name,
    component: 'kubelet',
    host,
  }))
}
