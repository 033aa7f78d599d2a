// HorizontalPodAutoscalers of the apps: all of them count CPU.
import type { HorizontalPodAutoscaler as OldAutoscaler } from 'kubernetes-types/autoscaling/v1.js'
import type { HorizontalPodAutoscaler, HorizontalPodAutoscalerStatus } from 'kubernetes-types/autoscaling/v2.js'
import { day, exportedAt, hour, iso, second } from './calendar.ts'
import { deliveredMeta } from './delivery.ts'
import { pick } from './identity.ts'
import type { AppPlan, AutoscalerPlan, ClusterPlan } from './plan.ts'
import { appPodSpec } from './pod-template.ts'
import { manifestBeside, timesBeside } from './services.ts'

// In percent of what the containers request.
const wanted = 70

/** kube-controller-manager, --horizontal-pod-autoscaler-sync-period: it looks at a new one that much later. */
const syncPeriod = 15 * second

const common = (plan: AppPlan, { min, max }: AutoscalerPlan) => ({
  maxReplicas: max,
  minReplicas: min,
  scaleTargetRef: { apiVersion: 'apps/v1', kind: plan.kind, name: plan.name },
})

function timesOf(cluster: ClusterPlan, plan: AppPlan, { created }: AutoscalerPlan) {
  return created === undefined
    ? { ...timesBeside(cluster, plan), written: exportedAt - hour }
    : { created, written: created }
}

/** What the controller saw last: a load at which the replicas there are stay. */
function seen(cluster: ClusterPlan, plan: AppPlan) {
  const key = `${cluster.name}/${plan.namespace}/${plan.name}/scale`
  const percent = wanted - 8 + pick(key, 9)
  const requested = appPodSpec(cluster, plan).containers[0]?.resources?.requests?.cpu ?? '0m'
  // The fleet's containers request whole thousandths of a CPU, such as 250m.
  const cpu = `${Math.round((Number.parseInt(requested, 10) * percent) / 100)}m`
  return { percent, cpu, scaled: iso(exportedAt - day - pick(key, 400) * hour) }
}

function statusOf(cluster: ClusterPlan, plan: AppPlan): HorizontalPodAutoscalerStatus {
  const { percent, cpu, scaled } = seen(cluster, plan)
  const condition = (type: string, status: string, reason: string, message: string) => ({
    type,
    status,
    reason,
    message,
    lastTransitionTime: scaled,
  })
  return {
    conditions: [
      condition('AbleToScale', 'True', 'ReadyForNewScale', 'recommended size matches current size'),
      condition(
        'ScalingActive',
        'True',
        'ValidMetricFound',
        'the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)',
      ),
      condition('ScalingLimited', 'False', 'DesiredWithinRange', 'the desired count is within the acceptable range'),
    ],
    currentMetrics: [
      { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: percent, averageValue: cpu } } },
    ],
    currentReplicas: plan.replicas,
    desiredReplicas: plan.replicas,
    lastScaleTime: scaled,
  }
}

function newForm(cluster: ClusterPlan, plan: AppPlan, scaler: AutoscalerPlan): HorizontalPodAutoscaler {
  const manifest = manifestBeside('autoscaling/v2', 'HorizontalPodAutoscaler', plan, {
    ...common(plan, scaler),
    metrics: [
      { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: wanted } } },
    ],
  })
  const unseen = scaler.created !== undefined && exportedAt - scaler.created < syncPeriod
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: deliveredMeta(cluster, manifest, plan.delivery, timesOf(cluster, plan, scaler)),
    spec: manifest.spec,
    status: unseen ? { desiredReplicas: 0 } : statusOf(cluster, plan),
  }
}

function oldForm(cluster: ClusterPlan, plan: AppPlan, scaler: AutoscalerPlan): OldAutoscaler {
  const manifest = manifestBeside('autoscaling/v1', 'HorizontalPodAutoscaler', plan, {
    ...common(plan, scaler),
    targetCPUUtilizationPercentage: wanted,
  })
  const { percent, scaled } = seen(cluster, plan)
  return {
    apiVersion: 'autoscaling/v1',
    kind: 'HorizontalPodAutoscaler',
    metadata: deliveredMeta(cluster, manifest, plan.delivery, timesOf(cluster, plan, scaler)),
    spec: manifest.spec,
    status: {
      currentCPUUtilizationPercentage: percent,
      currentReplicas: plan.replicas,
      desiredReplicas: plan.replicas,
      lastScaleTime: scaled,
    },
  }
}

/** The autoscaler of an app; autoscaling/v2 came with 1.23. */
export const autoscalerOf = (cluster: ClusterPlan, plan: AppPlan, scaler: AutoscalerPlan) =>
  cluster.minor >= 23 ? newForm(cluster, plan, scaler) : oldForm(cluster, plan, scaler)
