// PodDisruptionBudgets of the apps.
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.js'
import { podCount, selectorOf } from './apps.ts'
import { iso } from './calendar.ts'
import { deliveredMeta } from './delivery.ts'
import type { AppPlan, BudgetPlan, ClusterPlan } from './plan.ts'
import { manifestBeside, timesBeside } from './services.ts'

/** The budget of an app whose Pods are all healthy: policy/v1 since 1.21, v1beta1 before, with the same fields. */
export function disruptionBudgetOf(
  cluster: ClusterPlan,
  plan: AppPlan,
  budget: BudgetPlan,
): Omit<PodDisruptionBudget, 'apiVersion'> & { apiVersion: string } {
  const apiVersion = `policy/${cluster.minor >= 21 ? 'v1' : 'v1beta1'}`
  const manifest = manifestBeside(apiVersion, 'PodDisruptionBudget', plan, {
    ...budget,
    selector: { matchLabels: selectorOf(plan) },
  })
  const times = timesBeside(cluster, plan)
  const pods = podCount(cluster, plan)
  const desired = 'minAvailable' in budget ? budget.minAvailable : Math.max(0, pods - budget.maxUnavailable)
  const allowed = Math.max(0, pods - desired)
  const condition = {
    type: 'DisruptionAllowed',
    status: allowed > 0 ? 'True' : 'False',
    reason: allowed > 0 ? 'SufficientPods' : 'InsufficientPods',
    message: '',
    observedGeneration: 1,
    lastTransitionTime: iso(times.written),
  }
  return {
    apiVersion,
    kind: 'PodDisruptionBudget',
    metadata: { ...deliveredMeta(cluster, manifest, plan.delivery, times), generation: 1 },
    spec: manifest.spec,
    status: {
      ...(cluster.minor >= 21 && { conditions: [condition] }),
      currentHealthy: pods,
      desiredHealthy: desired,
      disruptionsAllowed: allowed,
      expectedPods: pods,
      observedGeneration: 1,
    },
  }
}
