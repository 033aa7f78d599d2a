// Pod specs: what teams write, and what the API server makes of it.
import type { Container, LifecycleHandler, PodSpec, Probe } from 'kubernetes-types/core/v1.js'
import { pick } from './identity.ts'
import type { AppPlan, ClusterPlan, CronJobPlan } from './plan.ts'

/** A team's own image by its tag, or a whole image as it stands. */
export const imageOf = (plan: { readonly namespace: string; readonly name: string; readonly image: string }): string =>
  plan.image.includes('/') ? plan.image : `registry.farewind.example/${plan.namespace}/${plan.name}:${plan.image}`

const sizes = [
  { cpu: '50m', memory: '128Mi' },
  { cpu: '100m', memory: '256Mi' },
  { cpu: '250m', memory: '512Mi' },
  { cpu: '500m', memory: '1Gi' },
] as const

function resources(key: string): NonNullable<Container['resources']> {
  const size = sizes[pick(key, sizes.length)] ?? sizes[0]
  return { requests: { ...size }, limits: { memory: size.memory } }
}

// The handler `sleep` is on by default since 1.30 (KEP-3960); before it takes a shell. It may not be longer than the
// grace period (Kubernetes, pkg/apis/core/validation, validateSleepAction), which nobody checks of a command.
function sleep(cluster: ClusterPlan, seconds: number, by: AppPlan['preStopBy']): LifecycleHandler {
  if (by === 'program') return { exec: { command: ['sleep', String(seconds)] } }
  if (by === 'shell' || cluster.minor < 30) return { exec: { command: ['/bin/sh', '-c', `sleep ${seconds}`] } }
  return { sleep: { seconds } }
}

/** The pod spec of a Deployment, StatefulSet or DaemonSet as its team wrote it. */
export function appPodSpec(cluster: ClusterPlan, plan: AppPlan): PodSpec {
  const container: Container = {
    name: plan.name,
    image: imageOf(plan),
    env: [{ name: 'CLUSTER', value: cluster.name }],
    resources: resources(plan.name),
    ...(plan.port !== undefined && {
      ports: [{ name: 'http', containerPort: plan.port }],
      readinessProbe: { httpGet: { path: '/healthz', port: 'http' }, periodSeconds: 5 },
    }),
    ...(plan.restarts && { livenessProbe: { httpGet: { path: '/livez', port: 'http' } } }),
    ...(plan.preStop !== undefined && { lifecycle: { preStop: sleep(cluster, plan.preStop, plan.preStopBy) } }),
  }
  return {
    containers: [container],
    ...(plan.kind === 'DaemonSet' && { tolerations: [{ operator: 'Exists', effect: 'NoSchedule' }] }),
    ...(plan.grace !== undefined && { terminationGracePeriodSeconds: plan.grace }),
  }
}

/** The pod spec of a CronJob's Jobs as its team wrote it. */
export const jobPodSpec = (cluster: ClusterPlan, plan: CronJobPlan): PodSpec => ({
  restartPolicy: 'Never',
  containers: [
    {
      name: plan.name,
      image: imageOf(plan),
      command: [...plan.command],
      env: [{ name: 'CLUSTER', value: cluster.name }],
      resources: resources(plan.name),
    },
  ],
})

const probeDefaults = (probe: Probe): Probe => ({
  failureThreshold: 3,
  periodSeconds: 10,
  successThreshold: 1,
  timeoutSeconds: 1,
  ...probe,
  ...(probe.httpGet && { httpGet: { scheme: 'HTTP', ...probe.httpGet } }),
})

const containerDefaults = (container: Container): Container => ({
  imagePullPolicy: 'IfNotPresent',
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
  ...container,
  ...(container.ports && { ports: container.ports.map((port) => ({ protocol: 'TCP', ...port })) }),
  ...(container.livenessProbe && { livenessProbe: probeDefaults(container.livenessProbe) }),
  ...(container.readinessProbe && { readinessProbe: probeDefaults(container.readinessProbe) }),
})

/** The pod spec with the API server's defaults (Kubernetes, pkg/apis/core/v1/defaults.go). */
export const withPodDefaults = (spec: PodSpec): PodSpec => ({
  dnsPolicy: 'ClusterFirst',
  restartPolicy: 'Always',
  schedulerName: 'default-scheduler',
  securityContext: {},
  terminationGracePeriodSeconds: 30,
  ...spec,
  containers: spec.containers.map(containerDefaults),
  ...(spec.initContainers && { initContainers: spec.initContainers.map(containerDefaults) }),
})
