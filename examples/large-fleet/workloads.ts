// Deployments, StatefulSets and DaemonSets as public charts write them, and what brings traffic to them.
import type { Container } from 'kubernetes-types/core/v1.js'
import { served } from './identity.ts'

export interface Workload {
  readonly place: number
  readonly kind: 'Deployment' | 'StatefulSet' | 'DaemonSet'
  readonly name: string
  readonly namespace: string
  readonly replicas: number
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly container: Container
  /** Without status and what else only a cluster knows. */
  readonly manifest: boolean
}

const chartNames = ['web', 'api', 'worker', 'cache', 'queue', 'search', 'auth', 'mail', 'metrics', 'proxy']
/** The workload of a number; `replicas` where they are not its own choice. */
export function workloadOf(
  place: number,
  namespace: string,
  replicas: number | undefined,
  manifest: boolean,
): Workload {
  const kind = place % 10 === 7 ? 'StatefulSet' : place % 25 === 11 ? 'DaemonSet' : 'Deployment'
  const chart = chartNames[place % chartNames.length] ?? 'web'
  const name = `${chart}-${place}`
  const charted = place % 3 !== 0
  const labels = { 'app.kubernetes.io/name': chart, 'app.kubernetes.io/instance': name }
  return {
    place,
    kind,
    name,
    namespace,
    replicas: replicas ?? (place % 3 === 1 ? 1 : 2 + (place % 2)),
    labels: {
      ...labels,
      'app.kubernetes.io/managed-by': charted ? 'Helm' : 'kubectl',
      ...(charted && { 'helm.sh/chart': `${chart}-${1 + (place % 4)}.${place % 7}.0` }),
    },
    annotations: charted ? { 'meta.helm.sh/release-name': name, 'meta.helm.sh/release-namespace': namespace } : {},
    container: containerOf(place, chart),
    manifest,
  }
}

function containerOf(place: number, chart: string): Container {
  const probe = { httpGet: { path: '/healthz', port: 'http' }, initialDelaySeconds: 5, periodSeconds: 10 }
  return {
    name: chart,
    image: `registry.example.com/shop/${chart}:${1 + (place % 4)}.${place % 7}.0`,
    ports: [{ name: 'http', containerPort: 8080 }],
    env: [
      { name: 'LOG_LEVEL', value: 'info' },
      { name: 'DATABASE_URL', valueFrom: { secretKeyRef: { name: `${chart}-database`, key: 'url' } } },
      { name: 'POD_NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    ],
    resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '512Mi' } },
    livenessProbe: probe,
    ...(place % 12 !== 5 && { readinessProbe: probe }),
  }
}

/** As the API server shows it, or as a team keeps it in Git. */
export function workloadObject({
  kind,
  name,
  namespace,
  replicas,
  labels,
  annotations,
  container,
  manifest,
}: Workload): object {
  const selector = { 'app.kubernetes.io/instance': name }
  const n = replicas
  return {
    apiVersion: 'apps/v1',
    kind,
    metadata: { name, namespace, labels, annotations, ...served(manifest, `${kind}/${namespace}/${name}`) },
    spec: {
      ...(kind !== 'DaemonSet' && { replicas }),
      ...(kind === 'StatefulSet' && { serviceName: name }),
      selector: { matchLabels: selector },
      template: { metadata: { labels: { ...labels, ...selector } }, spec: { containers: [container] } },
    },
    ...(!manifest && { status: { observedGeneration: 1, replicas: n, readyReplicas: n, availableReplicas: n } }),
  }
}

/** Its Service: headless for a StatefulSet. */
export function serviceObject({ kind, name, namespace, labels, manifest }: Workload): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace, labels, ...served(manifest, `Service/${namespace}/${name}`) },
    spec: {
      ...(kind === 'StatefulSet' && { clusterIP: 'None' }),
      ports: [{ name: 'http', port: 80, targetPort: 'http' }],
      selector: { 'app.kubernetes.io/instance': name },
    },
  }
}

/** Its Ingress, of a host of its own. */
export function ingressObject({ name, namespace, labels, manifest }: Workload): object {
  const backend = { service: { name, port: { name: 'http' } } }
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, namespace, labels, ...served(manifest, `Ingress/${namespace}/${name}`) },
    spec: { rules: [{ host: `${name}.example.com`, http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }] },
  }
}
