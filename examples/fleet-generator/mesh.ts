// What a service mesh puts into Pods at admission; no Deployment shows it.
import type { PodSpec } from 'kubernetes-types/core/v1.js'
import type { AppPlan, ClusterPlan } from './plan.ts'

/** Istio's sidecar as an ordinary container, as it was before Kubernetes had native sidecars. */
export const istioProxy = { name: 'istio-proxy', image: 'registry.farewind.example/mirror/istio-proxyv2:1.26.2' }

const initName = 'istio-init'

/** The label of a namespace whose new Pods get the sidecar. */
export const meshLabel = (cluster: ClusterPlan, namespace: string): Record<string, string> =>
  cluster.apps.some((plan) => plan.namespace === namespace && plan.injected) ? { 'istio-injection': 'enabled' } : {}

/** What the injector notes on a Pod. */
export function meshMarks(plan: AppPlan): {
  readonly labels?: Record<string, string>
  readonly annotations?: Record<string, string>
} {
  if (!plan.injected) return {}
  const status = { initContainers: [initName], containers: [plan.injected.name], revision: 'default' }
  return {
    labels: { 'security.istio.io/tlsMode': 'istio', 'service.istio.io/canonical-name': plan.name },
    annotations: {
      'kubectl.kubernetes.io/default-container': plan.name,
      'sidecar.istio.io/status': JSON.stringify(status),
    },
  }
}

/** The spec of an app's Pods: that of its template, and the sidecar where one is injected. */
export function withSidecar(spec: PodSpec, plan: AppPlan): PodSpec {
  if (!plan.injected) return spec
  const { name, image } = plan.injected
  const resources = { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '2', memory: '1Gi' } }
  return {
    ...spec,
    initContainers: [{ name: initName, image, args: ['istio-iptables', '-p', '15001', '-u', '1337'], resources }],
    containers: [
      ...spec.containers,
      {
        name,
        image,
        args: ['proxy', 'sidecar', '--domain', '$(POD_NAMESPACE).svc.cluster.local'],
        ports: [{ name: 'http-envoy-prom', containerPort: 15090 }],
        readinessProbe: { httpGet: { path: '/healthz/ready', port: 15021 }, periodSeconds: 15, timeoutSeconds: 3 },
        resources,
      },
    ],
  }
}
