// EndpointSlices, one for each Service.
import type { Pod, Service } from 'kubernetes-types/core/v1.js'
import type { Endpoint, EndpointSlice } from 'kubernetes-types/discovery/v1.js'
import { timesOf } from './apps.ts'
import { at, iso, minute, second } from './calendar.ts'
import { pick, served, suffix, uidOf } from './identity.ts'
import type { AppPlan, ClusterPlan } from './plan.ts'
import { timesBeside } from './services.ts'

/** An endpoint of discovery.k8s.io/v1beta1 says its node in another way than one of v1. */
type OldEndpoint = Omit<Endpoint, 'nodeName'> & { readonly topology: Readonly<Record<string, string>> }

const isOld = (cluster: ClusterPlan): boolean => cluster.minor < 21

function endpointOf(cluster: ClusterPlan, pod: Pod): Endpoint | OldEndpoint {
  const { name = '', namespace = '', uid = '' } = pod.metadata ?? {}
  const nodeName = pod.spec?.nodeName ?? ''
  const endpoint = {
    addresses: [pod.status?.podIP ?? ''],
    targetRef: { kind: 'Pod', name, namespace, uid },
  }
  if (isOld(cluster))
    return { ...endpoint, conditions: { ready: true }, topology: { 'kubernetes.io/hostname': nodeName } }
  return { ...endpoint, conditions: { ready: true, serving: true, terminating: false }, nodeName }
}

/** The Pods that the controller put into the slice: where it hangs since a Pod left, those of before. */
function members(plan: AppPlan, service: Service, pods: readonly Pod[]): Pod[] {
  const selector = Object.entries(service.spec?.selector ?? {})
  return pods.filter(
    ({ metadata, status }) =>
      metadata?.namespace === plan.namespace &&
      status?.phase === 'Running' &&
      selector.every(([key, value]) => metadata?.labels?.[key] === value) &&
      (plan.leaving === undefined || at(metadata?.creationTimestamp ?? '') < plan.leaving),
  )
}

// The controller copies the Service's labels (Kubernetes, pkg/controller/endpointslice), Helm's among them.
const labelsOf = (plan: AppPlan, service: Service): Record<string, string> => ({
  ...service.metadata?.labels,
  'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
  'kubernetes.io/service-name': plan.name,
  ...(service.spec?.clusterIP === 'None' && { 'service.kubernetes.io/headless': '' }),
})

/** The slice of an app's Service; all its endpoints are said to be ready. In 1.20 its apiVersion is v1beta1. */
export function endpointSliceOf(
  cluster: ClusterPlan,
  plan: AppPlan,
  port: number,
  service: Service,
  pods: readonly Pod[],
): Omit<EndpointSlice, 'apiVersion' | 'endpoints'> & { apiVersion: string; endpoints: (Endpoint | OldEndpoint)[] } {
  const { namespace, name } = plan
  const key = `${cluster.name}/${namespace}/${name}/slice`
  const changed = timesOf(cluster, plan).rolledOut + 10 * minute
  const { created } = timesBeside(cluster, plan)
  return {
    apiVersion: `discovery.k8s.io/${isOld(cluster) ? 'v1beta1' : 'v1'}`,
    kind: 'EndpointSlice',
    metadata: {
      ...served(cluster, 'EndpointSlice', namespace, `${name}-${suffix(key)}`, {
        created: created + second,
        written: changed,
      }),
      generateName: `${name}-`,
      generation: 2 + pick(key, 300),
      annotations: { 'endpoints.kubernetes.io/last-change-trigger-time': iso(changed) },
      labels: labelsOf(plan, service),
      ownerReferences: [
        {
          apiVersion: 'v1',
          blockOwnerDeletion: true,
          controller: true,
          kind: 'Service',
          name,
          uid: uidOf(cluster, 'Service', namespace, name),
        },
      ],
    },
    addressType: 'IPv4',
    endpoints: members(plan, service, pods).map((pod) => endpointOf(cluster, pod)),
    ports: [{ name: 'http', port, protocol: 'TCP' }],
  }
}
