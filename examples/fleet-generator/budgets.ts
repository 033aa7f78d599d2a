// PodDisruptionBudgets and HorizontalPodAutoscalers of the apps that have them.
import { podCount, selectorOf, timesOf } from './apps.ts'
import { minute } from './calendar.ts'
import { deliveredMeta } from './delivery.ts'
import type { AppPlan, ClusterPlan } from './plan.ts'

const metadataOf = (cluster: ClusterPlan, plan: AppPlan, apiVersion: string, kind: string, spec: unknown) => {
  const { created } = timesOf(cluster, plan)
  const manifest = { apiVersion, kind, metadata: { name: plan.name, namespace: plan.namespace }, spec }
  return deliveredMeta(cluster, manifest, plan.delivery, { created, written: created + minute })
}

/** policy/v1 is served from 1.21 on. */
export function budgetOf(cluster: ClusterPlan, plan: AppPlan) {
  const { budget } = plan
  if (!budget) return []
  const apiVersion = cluster.minor < 21 ? 'policy/v1beta1' : 'policy/v1'
  const pods = podCount(cluster, plan)
  const needed = 'minAvailable' in budget ? budget.minAvailable : pods - budget.maxUnavailable
  const spec = { ...budget, selector: { matchLabels: selectorOf(plan) } }
  return [
    {
      apiVersion,
      kind: 'PodDisruptionBudget',
      metadata: metadataOf(cluster, plan, apiVersion, 'PodDisruptionBudget', spec),
      spec,
      status: {
        currentHealthy: pods,
        desiredHealthy: needed,
        disruptionsAllowed: pods - needed,
        expectedPods: pods,
        observedGeneration: 1,
      },
    },
  ]
}

/** autoscaling/v2 is served from 1.23 on. */
export function autoscalerOf(cluster: ClusterPlan, plan: AppPlan) {
  if (!plan.scaled) return []
  const apiVersion = cluster.minor < 23 ? 'autoscaling/v1' : 'autoscaling/v2'
  const [minReplicas, maxReplicas] = plan.scaled
  const scaleTargetRef = { apiVersion: 'apps/v1', kind: plan.kind, name: plan.name }
  const target = { type: 'Utilization', averageUtilization: 70 }
  const wish =
    cluster.minor < 23
      ? { targetCPUUtilizationPercentage: 70 }
      : { metrics: [{ type: 'Resource', resource: { name: 'cpu', target } }] }
  const spec = { scaleTargetRef, minReplicas, maxReplicas, ...wish }
  const pods = podCount(cluster, plan)
  return [
    {
      apiVersion,
      kind: 'HorizontalPodAutoscaler',
      metadata: metadataOf(cluster, plan, apiVersion, 'HorizontalPodAutoscaler', spec),
      spec,
      status: { currentReplicas: pods, desiredReplicas: pods },
    },
  ]
}
