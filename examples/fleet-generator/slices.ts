// The EndpointSlice of an app's Service.
import type { Pod } from 'kubernetes-types/core/v1.js'
import { selectorOf, timesOf } from './apps.ts'
import { minute } from './calendar.ts'
import { served, suffix, uidOf } from './identity.ts'
import type { AppPlan, ClusterPlan } from './plan.ts'

/** discovery.k8s.io/v1 is served from 1.21 on; before, the node was a topology label and `serving` was behind a gate. */
const firstV1 = 21

/** As the endpoint slice controller writes it: all Pods of the app that run. */
export function sliceOf(cluster: ClusterPlan, plan: AppPlan, port: number, pods: readonly Pod[]) {
  const { namespace, name } = plan
  const { created, rolledOut } = timesOf(cluster, plan)
  const old = cluster.minor < firstV1
  const own = pods.filter(
    ({ metadata }) => metadata?.namespace === namespace && metadata.labels?.app === selectorOf(plan).app,
  )
  const sliceName = `${name}-${suffix(`${cluster.name}/${namespace}/${name}/slice`)}`
  return {
    apiVersion: `discovery.k8s.io/${old ? 'v1beta1' : 'v1'}`,
    kind: 'EndpointSlice',
    metadata: {
      ...served(cluster, 'EndpointSlice', namespace, sliceName, { created, written: rolledOut + minute }),
      generateName: `${name}-`,
      labels: {
        'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        'kubernetes.io/service-name': name,
      },
      ownerReferences: [
        {
          apiVersion: 'v1',
          kind: 'Service',
          name,
          uid: uidOf(cluster, 'Service', namespace, name),
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    addressType: 'IPv4',
    endpoints: own.map((pod) => endpointOf(pod, old)),
    ports: [{ name: 'http', port, protocol: 'TCP' }],
  }
}

function endpointOf({ metadata, spec, status }: Pod, old: boolean) {
  const { name = '', namespace = '', uid = '' } = metadata ?? {}
  return {
    addresses: [status?.podIP ?? ''],
    conditions: { ready: true, ...(!old && { serving: true, terminating: false }) },
    ...(old ? { topology: { 'kubernetes.io/hostname': spec?.nodeName } } : { nodeName: spec?.nodeName }),
    targetRef: { kind: 'Pod', namespace, name, uid },
  }
}
