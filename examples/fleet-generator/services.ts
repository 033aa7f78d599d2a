// Services and Ingresses of the apps.
import type { Service } from 'kubernetes-types/core/v1.js'
import { selectorOf, timesOf } from './apps.ts'
import { minute } from './calendar.ts'
import { deliveredMeta, type Manifest } from './delivery.ts'
import { pick } from './identity.ts'
import type { AppPlan, ClusterPlan } from './plan.ts'

/** An object that a team wrote next to its app, under the app's name. */
export const manifestBeside = <S>(apiVersion: string, kind: string, plan: AppPlan, spec: S): Manifest<S> => ({
  apiVersion,
  kind,
  metadata: {
    name: plan.name,
    namespace: plan.namespace,
    labels: { ...selectorOf(plan), ...(plan.team && { team: plan.team }) },
  },
  spec,
})

/** When the objects next to an app were made and last written; ms UTC. */
export function timesBeside(cluster: ClusterPlan, plan: AppPlan) {
  const { created } = timesOf(cluster, plan)
  return { created, written: created + minute }
}

/** The Service of an app that has a port: headless for a StatefulSet, unless its plan says otherwise. */
export function serviceOf(cluster: ClusterPlan, plan: AppPlan, port: number): Service {
  const headless = plan.kind === 'StatefulSet' && !plan.virtual
  const key = `${cluster.name}/${plan.namespace}/${plan.name}/address`
  const clusterIP = headless ? 'None' : `10.96.${pick(key, 250)}.${1 + pick(`${key}/low`, 253)}`
  const manifest = manifestBeside('v1', 'Service', plan, {
    ...(headless && { clusterIP }),
    ...(plan.loadBalancer && { type: 'LoadBalancer' as const, externalTrafficPolicy: 'Local' as const }),
    ports: [{ name: 'http', port: headless ? port : 80, targetPort: 'http' }],
    selector: selectorOf(plan),
  })
  const nodePort = 30000 + pick(`${key}/node`, 2700)
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: deliveredMeta(cluster, manifest, plan.delivery, timesBeside(cluster, plan)),
    spec: {
      type: 'ClusterIP',
      sessionAffinity: 'None',
      ...manifest.spec,
      clusterIP,
      // Dual stack fields are served from 1.20 on (KEP-563), by default only from 1.21.
      ...(cluster.minor >= 21 && {
        clusterIPs: [clusterIP],
        internalTrafficPolicy: 'Cluster',
        ipFamilies: ['IPv4'],
        ipFamilyPolicy: 'SingleStack',
      }),
      ports: manifest.spec.ports.map((p) => ({ protocol: 'TCP', ...p, ...(plan.loadBalancer && { nodePort }) })),
    },
    status: { loadBalancer: plan.loadBalancer ? { ingress: [{ hostname: balancer(cluster) }] } : {} },
  }
}

const balancer = (cluster: ClusterPlan): string => `edge.${cluster.name}.farewind.example`

/** The Ingress of an app with a host; networking.k8s.io/v1 is served from 1.19 on, but kubectl's default came later. */
export function ingressOf(cluster: ClusterPlan, plan: AppPlan, host: string) {
  const old = cluster.minor < 22
  const backend = old
    ? { serviceName: plan.name, servicePort: 'http' }
    : { service: { name: plan.name, port: { name: 'http' } } }
  const apiVersion = `networking.k8s.io/${old ? 'v1beta1' : 'v1'}`
  const manifest = manifestBeside(apiVersion, 'Ingress', plan, {
    ingressClassName: 'nginx',
    rules: [{ host, http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }],
    tls: [{ hosts: [host], secretName: `${plan.name}-tls` }],
  })
  return {
    apiVersion,
    kind: 'Ingress',
    metadata: {
      ...deliveredMeta(cluster, manifest, plan.delivery, timesBeside(cluster, plan)),
      generation: 1,
    },
    spec: manifest.spec,
    status: { loadBalancer: { ingress: [{ hostname: balancer(cluster) }] } },
  }
}
