// The Kubernetes kinds that hazards read, and how old and new API servers serve them. Shapes are those of the newest
// version; the fields that hazards read are the same in the older ones listed.
import type { DaemonSet, Deployment, StatefulSet } from 'kubernetes-types/apps/v1.js'
import type { HorizontalPodAutoscaler } from 'kubernetes-types/autoscaling/v2.js'
import type { CronJob, Job } from 'kubernetes-types/batch/v1.js'
import type { ConfigMap, Event, Namespace, Node, Pod, ResourceQuota, Service } from 'kubernetes-types/core/v1.js'
import type { EndpointSlice } from 'kubernetes-types/discovery/v1.js'
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.js'
import { kind } from '../contract/reads.ts'
import type { FelixConfiguration, Ingress, Rollout, Route } from './local-types.ts'

/** batch/v1 from 1.21 on; batch/v1beta1 from 1.8 to 1.24; batch/v2alpha1 before. */
export const cronJobs = kind<CronJob>('CronJob', {
  group: 'batch',
  versions: ['v1', 'v1beta1', 'v2alpha1'],
  namespaced: true,
})
export const jobs = kind<Job>('Job', { group: 'batch', versions: ['v1'], namespaced: true })
/** The core group's: every release serves it, and what is written to events.k8s.io can be read here too. */
export const events = kind<Event>('Event', { group: '', versions: ['v1'], namespaced: true })
/**
 * A ConfigMap may hold anything, so no list of them is ever asked for: these few say how the network of nodes is set up (see
 * decision 13). kube-proxy's is `kube-proxy` by kubeadm, `kube-proxy-config` on EKS.
 */
export const configMaps = kind<ConfigMap>('ConfigMap', {
  group: '',
  versions: ['v1'],
  namespaced: true,
  only: { namespace: 'kube-system', names: ['antrea-config', 'cilium-config', 'kube-proxy', 'kube-proxy-config'] },
})
/** Calico's settings of its agent, where its datastore is the API. */
export const felixConfigurations = kind<FelixConfiguration>('FelixConfiguration', {
  group: 'crd.projectcalico.org',
  versions: ['v1'],
  namespaced: false,
})
export const resourceQuotas = kind<ResourceQuota>('ResourceQuota', { group: '', versions: ['v1'], namespaced: true })
export const namespaces = kind<Namespace>('Namespace', { group: '', versions: ['v1'], namespaced: false })
export const nodes = kind<Node>('Node', { group: '', versions: ['v1'], namespaced: false })

// apps/v1 is served from 1.9 on; in files older versions, and the group extensions, are met to this day.
const apps = { group: 'apps', versions: ['v1'], namespaced: true }
export const deployments = kind<Deployment>('Deployment', apps)
export const statefulSets = kind<StatefulSet>('StatefulSet', apps)
export const daemonSets = kind<DaemonSet>('DaemonSet', apps)
/** Argo Rollouts': what many use in the place of a Deployment. */
export const rollouts = kind<Rollout>('Rollout', { group: 'argoproj.io', versions: ['v1alpha1'], namespaced: true })
export const pods = kind<Pod>('Pod', { group: '', versions: ['v1'], namespaced: true })
export const services = kind<Service>('Service', { group: '', versions: ['v1'], namespaced: true })
/** v1 from 1.19 on, v1beta1 up to 1.21: the backends have another shape in each. */
export const ingresses = kind<Ingress>('Ingress', {
  group: 'networking.k8s.io',
  versions: ['v1', 'v1beta1'],
  namespaced: true,
})
const gatewayApi = { group: 'gateway.networking.k8s.io', versions: ['v1', 'v1beta1', 'v1alpha2'], namespaced: true }
export const httpRoutes = kind<Route>('HTTPRoute', gatewayApi)
export const grpcRoutes = kind<Route>('GRPCRoute', gatewayApi)
/** v1 from 1.21 on, v1beta1 from 1.17 to 1.24. In 1.20 the kind is served, but only the newer one has `nodeName`. */
export const endpointSlices = kind<EndpointSlice>('EndpointSlice', {
  group: 'discovery.k8s.io',
  versions: ['v1', 'v1beta1'],
  namespaced: true,
})
/** v1 from 1.21 on, v1beta1 up to 1.24. */
export const podDisruptionBudgets = kind<PodDisruptionBudget>('PodDisruptionBudget', {
  group: 'policy',
  versions: ['v1', 'v1beta1'],
  namespaced: true,
})
/** v2 from 1.23 on; the fields that are read are the same in all of them. */
export const horizontalPodAutoscalers = kind<HorizontalPodAutoscaler>('HorizontalPodAutoscaler', {
  group: 'autoscaling',
  versions: ['v2', 'v2beta2', 'v1'],
  namespaced: true,
})
