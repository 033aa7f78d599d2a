// What the agent of the chart needs on the API server, written down by hand: the chart's own rules are held against it.
import type { Ask, Identity } from './as-user.ts'

const policy = 'configmaps roadcrew-policy'

/** Verb, resource, and name if it is narrowed to one; by the namespace in which it counts. */
export const agentRights: Readonly<Record<string, readonly string[]>> = (() => {
  const everywhere = [
    ...['get', 'list'].map((verb) => `${verb} pods`),
    ...['get', 'list'].map((verb) => `${verb} namespaces`),
    ...['daemonsets', 'replicasets', 'statefulsets'].map((owners) => `get apps/${owners}`),
    'get nodes',
    'get nodes/metrics',
    'get nodes/stats',
    'list policy/poddisruptionbudgets',
    'create events',
    'patch events',
  ]
  const own = ['get', 'list', 'create', 'patch'].map((verb) => `${verb} coordination.k8s.io/leases`)
  return { ads: everywhere, roadcrew: [...everywhere, `get ${policy}`, ...own] }
})()

/** The same for the controller, where it may act. */
export const controllerRights: Readonly<Record<string, readonly string[]>> = (() => {
  const everywhere = [
    ...['get', 'list', 'watch'].flatMap((verb) => [`${verb} batch/cronjobs`, `${verb} namespaces`]),
    ...['list', 'watch'].flatMap((verb) => [`${verb} batch/jobs`, `${verb} events`, `${verb} resourcequotas`]),
    'create events',
    'patch events',
    'patch batch/cronjobs/status',
    'get batch/jobs',
    'delete batch/jobs',
  ]
  const own = ['get', 'list', 'create', 'patch'].map((verb) => `${verb} coordination.k8s.io/leases`)
  return { ads: everywhere, roadcrew: [...everywhere, `get ${policy}`, ...own] }
})()

/** The same for a webhook that makes its own certificate. */
export const webhookRights: Readonly<Record<string, readonly string[]>> = (() => {
  const routes = ['httproutes', 'grpcroutes'].map((kind) => `gateway.networking.k8s.io/${kind}`)
  const watched = [
    ...['namespaces', 'nodes', 'services', 'networking.k8s.io/ingresses', ...routes],
    ...['policy/poddisruptionbudgets', 'autoscaling/horizontalpodautoscalers'],
  ]
  const configuration = 'admissionregistration.k8s.io/mutatingwebhookconfigurations roadcrew-webhook'
  const everywhere = [
    ...['list', 'watch'].flatMap((verb) => watched.map((kind) => `${verb} ${kind}`)),
    ...['get', 'patch'].map((verb) => `${verb} ${configuration}`),
  ]
  const own = ['get', 'patch'].map((verb) => `${verb} secrets roadcrew-webhook-certificate`)
  return { ads: everywhere, roadcrew: [...everywhere, `get ${policy}`, ...own, 'create secrets'] }
})()

interface Rules {
  readonly status: {
    readonly incomplete: boolean
    readonly resourceRules: readonly {
      readonly verbs: readonly string[]
      readonly apiGroups?: readonly string[]
      readonly resources?: readonly string[]
      readonly resourceNames?: readonly string[]
    }[]
  }
}

/** All that an identity may do with objects of a namespace, as the API server says. */
export async function rightsOf(identity: Identity, namespace: string): Promise<readonly string[]> {
  const path = '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews'
  const { status, body } = await identity.ask({ method: 'POST', path, body: { spec: { namespace } } })
  if (status !== 201) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`)
  const { resourceRules, incomplete } = (body as Rules).status
  if (incomplete) throw new Error(`${path}: the API server does not know all of them`)
  const rights = resourceRules.flatMap(({ verbs, apiGroups = [''], resources = [], resourceNames = [''] }) =>
    verbs.flatMap((verb) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) =>
          resourceNames.map((name) => `${verb} ${group && `${group}/`}${resource}${name && ` ${name}`}`),
        ),
      ),
    ),
  )
  return [...new Set(rights)]
}

type Row = readonly [method: Ask['method'], path: string, status: number, body?: object]

/** A request, and what the API server has to answer. */
export interface Tried extends Ask {
  readonly status: number
}

const core = '/api/v1'
const ads = `${core}/namespaces/ads`
const own = `${core}/namespaces/roadcrew`
const leases = (namespace: string) => `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`
const metadata = { name: 'x' }
const eventOf = (namespace: string) => ({
  metadata: { name: `e-${namespace}`, namespace },
  involvedObject: {
    kind: namespace === 'default' ? 'Node' : 'Pod',
    name: 'p',
    namespace: namespace === 'default' ? '' : namespace,
  },
  reason: 'StuckContainer',
  type: 'Warning',
})

const rows: readonly Row[] = [
  ['GET', `${core}/pods`, 200],
  ['GET', `${core}/pods?fieldSelector=spec.nodeName%3Dn1`, 200],
  ['GET', `${ads}/pods/p`, 200],
  ['GET', `${core}/namespaces`, 200],
  ['GET', ads, 200],
  ['GET', `${core}/nodes/n1`, 200],
  ['GET', '/apis/policy/v1beta1/poddisruptionbudgets', 200],
  ['GET', `${own}/configmaps/roadcrew-policy`, 200],
  ['POST', `${ads}/events`, 201, eventOf('ads')],
  ['PATCH', `${ads}/events/e-ads`, 200, { count: 2 }],
  ['POST', `${core}/namespaces/default/events`, 201, eventOf('default')],
  ['GET', leases('roadcrew'), 200],
  ['POST', leases('roadcrew'), 201, { metadata }],
  ['GET', `${leases('roadcrew')}/x`, 200],
  ['PATCH', `${leases('roadcrew')}/x`, 200, { spec: { holderIdentity: 'n1' } }],
  ['GET', '/apis/apps/v1/namespaces/roadcrew/daemonsets/roadcrew-agent', 200],

  ['GET', `${core}/secrets`, 403],
  ['GET', `${own}/secrets`, 403],
  ['GET', `${ads}/secrets/s`, 403],
  ['DELETE', `${ads}/pods/p`, 403],
  ['PATCH', `${ads}/pods/p`, 403, { metadata: { labels: { a: 'b' } } }],
  ['PATCH', `${ads}/pods/p/status`, 403, { status: { phase: 'Failed' } }],
  ['POST', `${ads}/pods`, 403, { metadata, spec: { containers: [{ name: 'c', image: 'i' }] } }],
  ['POST', `${ads}/pods/p/exec?command=sh`, 403],
  ['GET', `${ads}/pods/p/log`, 403],
  ['POST', `${ads}/pods/p/eviction`, 403, { metadata: { name: 'p' } }],
  ['GET', `${own}/configmaps`, 403],
  ['GET', `${own}/configmaps/kube-root-ca.crt`, 403],
  ['GET', `${ads}/configmaps/roadcrew-policy`, 403],
  ['PATCH', `${own}/configmaps/roadcrew-policy`, 403, { data: { 'policy.yaml': '{}' } }],
  ['GET', leases('ads'), 403],
  ['POST', leases('kube-node-lease'), 403, { metadata }],
  ['PATCH', `${leases('ads')}/x`, 403, { spec: {} }],
  ['DELETE', `${leases('roadcrew')}/x`, 403],
  ['GET', `${core}/events`, 403],
  ['DELETE', `${ads}/events/e-ads`, 403],
  ['GET', `${core}/nodes`, 403],
  ['PATCH', `${core}/nodes/n1`, 403, { spec: { unschedulable: true } }],
  ['DELETE', `${core}/nodes/n1`, 403],
  ['PATCH', `${core}/nodes/n1/status`, 403, { status: { conditions: [] } }],
  ['GET', `${core}/nodes/n1/proxy/stats/summary`, 403],
  ['POST', `${own}/serviceaccounts/roadcrew-agent/token`, 403, { spec: { audiences: ['api'] } }],
  ['GET', '/apis/apps/v1/daemonsets', 403],
  ['PATCH', '/apis/apps/v1/namespaces/roadcrew/daemonsets/roadcrew-agent', 403, { spec: {} }],
  ['GET', '/apis/apps/v1/namespaces/ads/deployments/x', 403],
  ['GET', '/apis/rbac.authorization.k8s.io/v1/clusterroles', 403],
]

/** Requests of the agent, in order. */
export const agentMay: readonly Tried[] = rows.map(([method, path, status, body]) => ({
  method,
  path,
  status,
  ...(body && { body }),
}))
