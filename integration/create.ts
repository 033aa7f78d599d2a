import type { Lab } from '../src/lab/lab.ts'

/** How the lab's API server, a 1.20, serves the kinds that fixtures and fleets hold. */
const resources: Readonly<Record<string, string>> = {
  Namespace: '/api/v1/namespaces',
  ConfigMap: '/api/v1/namespaces/{namespace}/configmaps',
  Node: '/api/v1/nodes',
  CronJob: '/apis/batch/v1beta1/namespaces/{namespace}/cronjobs',
  Job: '/apis/batch/v1/namespaces/{namespace}/jobs',
  Event: '/api/v1/namespaces/{namespace}/events',
  ResourceQuota: '/api/v1/namespaces/{namespace}/resourcequotas',
  Deployment: '/apis/apps/v1/namespaces/{namespace}/deployments',
  StatefulSet: '/apis/apps/v1/namespaces/{namespace}/statefulsets',
  DaemonSet: '/apis/apps/v1/namespaces/{namespace}/daemonsets',
  Pod: '/api/v1/namespaces/{namespace}/pods',
  Service: '/api/v1/namespaces/{namespace}/services',
  Ingress: '/apis/networking.k8s.io/v1/namespaces/{namespace}/ingresses',
  EndpointSlice: '/apis/discovery.k8s.io/v1beta1/namespaces/{namespace}/endpointslices',
  PodDisruptionBudget: '/apis/policy/v1beta1/namespaces/{namespace}/poddisruptionbudgets',
  HorizontalPodAutoscaler: '/apis/autoscaling/v2beta2/namespaces/{namespace}/horizontalpodautoscalers',
}

interface Named {
  readonly kind: string
  readonly metadata?: { readonly name?: string; readonly namespace?: string }
}

/** Where objects of a kind are created; undefined for a kind that the lab's API server does not have. */
export function pathOf({ kind, metadata }: Named): string | undefined {
  return resources[kind]?.replace('{namespace}', metadata?.namespace ?? 'default')
}

/** Creates an object in the version that the lab serves. @throws ApiError if it is refused. */
export function create(lab: Lab, object: Named, query = ''): Promise<unknown> {
  const path = pathOf(object)
  if (path === undefined) throw new Error(`the lab has no ${object.kind}`)
  const [, root, ...rest] = path.split('/')
  const apiVersion = root === 'api' ? 'v1' : `${rest[0]}/${rest[1]}`
  return lab.send('POST', `${path}${query}`, { ...object, apiVersion })
}
