// Who may do what on the API server: the agent and the controller, by what its code reads and writes, and people who pause it.
import { Document, isMap } from 'yaml'
import { admittedHazards, contextKinds } from '../src/admission/reviewed.ts'
import type { Hazard, Kind } from '../src/contract/hazard.ts'
import { guardedHazards, kindsOf } from '../src/controller/guarded.ts'
import { hazards } from '../src/hazards/index.ts'
import { cronJobs } from '../src/objects/kinds.ts'
import { plural } from './plural.ts'

interface Rule {
  /** What it is for. */
  readonly why: string
  readonly group: string
  readonly resource: string
  readonly verbs: readonly string[]
  readonly names?: readonly string[]
}

/** The policy's ConfigMap, which also stands in templates/policy.yaml. */
const policyMap = 'roadcrew-policy'
/** The Secret and the configuration of a webhook that makes its certificate, which also stand in templates/webhook.yaml. */
const webhookSecret = 'roadcrew-webhook-certificate'
const webhookConfiguration = 'roadcrew-webhook'

/** What the agent and people may do, beside what detectors declare to read: the code that needs it can not say so itself. */
const declared: Readonly<
  Record<
    | 'cluster'
    | 'conditions'
    | 'namespace'
    | 'rails'
    | 'controller'
    | 'controllerActs'
    | 'controllerCatchUp'
    | 'controllerZoned'
    | 'controllerNative'
    | 'webhook'
    | 'webhookNamespace'
    | 'webhookTrust'
    | 'webhookCertificate',
    readonly Rule[]
  >
> = {
  cluster: [
    {
      why: 'Pods of its node: whether they should be gone, and what rails ask of them',
      group: '',
      resource: 'pods',
      verbs: ['get', 'list'],
    },
    ...['daemonsets', 'replicasets', 'statefulsets'].map((resource) => ({
      why: 'How many Pods of an owner are ready when one of them is to be ended',
      group: 'apps',
      resource,
      verbs: ['get'],
    })),
    { why: 'Namespaces: opt-outs and owners', group: '', resource: 'namespaces', verbs: ['get', 'list'] },
    { why: 'Its own Node: the labels that a policy selects by', group: '', resource: 'nodes', verbs: ['get'] },
    { why: "The kubelet's own figures", group: '', resource: 'nodes/metrics', verbs: ['get'] },
    { why: "The kubelet's own figures", group: '', resource: 'nodes/stats', verbs: ['get'] },
    {
      why: 'Whether a budget has room',
      group: 'policy',
      resource: 'poddisruptionbudgets',
      verbs: ['list'],
    },
    {
      why: 'Tells of a Pod in its namespace, of a Node in default',
      group: '',
      resource: 'events',
      verbs: ['create', 'patch'],
    },
  ],
  conditions: [{ why: 'Conditions of its Node', group: '', resource: 'nodes/status', verbs: ['patch'] }],
  namespace: [
    { why: 'The policy, and no other', group: '', resource: 'configmaps', verbs: ['get'], names: [policyMap] },
    {
      why: 'The budget of the cluster, and what became of steps',
      group: 'coordination.k8s.io',
      resource: 'leases',
      verbs: ['get', 'list', 'create', 'patch'],
    },
  ],
  controller: [
    { why: 'Namespaces: opt-outs and owners', group: '', resource: 'namespaces', verbs: ['get', 'list', 'watch'] },
    { why: 'Tells of a CronJob', group: '', resource: 'events', verbs: ['create', 'patch'] },
  ],
  controllerActs: [
    {
      why: 'Corrects a status, and notes beside it what is under way; never a spec',
      group: 'batch',
      resource: 'cronjobs/status',
      verbs: ['patch'],
    },
    {
      why: 'Deletes Jobs, and of them only what has finished: the API has no narrower right',
      group: 'batch',
      resource: 'jobs',
      verbs: ['get', 'delete'],
    },
  ],
  controllerCatchUp: [
    { why: 'Makes up for a missed run', group: 'batch', resource: 'jobs', verbs: ['get', 'create'] },
    {
      why: 'A Job that keeps its CronJob from being deleted before it (OwnerReferencesPermissionEnforcement)',
      group: 'batch',
      resource: 'cronjobs/finalizers',
      verbs: ['update'],
    },
  ],
  controllerZoned: [
    {
      why: 'ZonedCronJobs; each is read once more before a run of it is started',
      group: 'roadcrew.dev',
      resource: 'zonedcronjobs',
      verbs: ['get', 'list', 'watch'],
    },
    { why: 'What became of their runs', group: 'roadcrew.dev', resource: 'zonedcronjobs/status', verbs: ['patch'] },
    {
      why: 'Starts their runs, and cleans what has finished',
      group: 'batch',
      resource: 'jobs',
      verbs: ['get', 'list', 'watch', 'create', 'delete'],
    },
  ],
  controllerNative: [
    {
      why: 'The CronJobs of ZonedCronJobs with mode native',
      group: 'batch',
      resource: 'cronjobs',
      verbs: ['create', 'patch'],
    },
    { why: 'So that none of their past is due', group: 'batch', resource: 'cronjobs/status', verbs: ['patch'] },
  ],
  webhook: [
    { why: 'Namespaces: who owns what', group: '', resource: 'namespaces', verbs: ['list', 'watch'] },
    { why: 'The releases of kubelets', group: '', resource: 'nodes', verbs: ['list', 'watch'] },
  ],
  webhookNamespace: [
    { why: 'The policy, and no other', group: '', resource: 'configmaps', verbs: ['get'], names: [policyMap] },
  ],
  webhookTrust: [
    {
      why: 'Tells the API server whom to trust, in its own configuration only; there is no right on one field of it',
      group: 'admissionregistration.k8s.io',
      resource: 'mutatingwebhookconfigurations',
      verbs: ['get', 'patch'],
      names: [webhookConfiguration],
    },
  ],
  webhookCertificate: [
    {
      why: 'Its certificate, and no other Secret',
      group: '',
      resource: 'secrets',
      verbs: ['get', 'patch'],
      names: [webhookSecret],
    },
    {
      why: 'Makes that Secret: what is created has no name yet by which RBAC could tell it, so this is for any in its namespace',
      group: '',
      resource: 'secrets',
      verbs: ['create'],
    },
  ],
  rails: [
    { why: 'To pause and resume', group: '', resource: 'configmaps', verbs: ['get', 'patch'], names: [policyMap] },
    { why: 'What was done, and by which node', group: 'coordination.k8s.io', resource: 'leases', verbs: ['list'] },
  ],
}

/** By who gets them; the chart's templates put them into roles. */
export function rights(): string {
  const rules = {
    ...declared,
    cluster: joined([...declared.cluster, ...hazards.flatMap(readsOf)]),
    controller: joined([...watchedByController(), ...declared.controller]),
    webhook: joined([...watchedByWebhook(), ...declared.webhook]),
  }
  const document = new Document(Object.fromEntries(Object.entries(rules).map(([who, some]) => [who, some.map(asRule)])))
  document.commentBefore = ` Generated from the code by \`npm run generate\`: who may do what, for the roles of templates/rbac.yaml.`
  for (const [who, some] of Object.entries(rules)) {
    for (const [place, { why }] of some.entries()) {
      const rule = document.getIn([who, place], true)
      if (isMap(rule)) rule.commentBefore = ` ${why}`
    }
  }
  return document.toString({ lineWidth: 120 })
}

const asRule = ({ group, resource, verbs, names }: Rule) => ({
  apiGroups: [group],
  resources: [resource],
  ...(names && { resourceNames: [...names] }),
  verbs: [...verbs],
})

/** What detectors of nodes read from the API. */
function readsOf(hazard: Hazard): Rule[] {
  const kinds: readonly Kind<unknown>[] = (hazard.node ?? []).flatMap((one) =>
    [one.of, ...Object.values(one.with)].flatMap((read) => [...read.kinds]),
  )
  return kinds.flatMap(({ kind, api }) => {
    if (!api) return []
    const { group, only } = api
    const own = { why: `Read by ${hazard.id}`, group, resource: plural(kind) }
    return [only ? { ...own, names: only.names, verbs: ['get'] } : { ...own, verbs: ['get', 'list'] }]
  })
}

/** What the controller's detectors watch; what may be changed is read once more before it is. */
function watchedByController(): Rule[] {
  return kindsOf(guardedHazards(hazards, cronJobs)).flatMap(({ kind, api }) => {
    const verbs = kind === cronJobs.kind ? ['get', 'list', 'watch'] : ['list', 'watch']
    return api ? [{ why: 'Watched', group: api.group, resource: plural(kind), verbs }] : []
  })
}

/** What Pods are judged among as they are made. */
function watchedByWebhook(): Rule[] {
  return contextKinds(admittedHazards(hazards)).flatMap(({ kind, api }) =>
    api ? [{ why: 'Watched', group: api.group, resource: plural(kind), verbs: ['list', 'watch'] }] : [],
  )
}

/** One rule for each resource, with the verbs of all. */
function joined(rules: readonly Rule[]): Rule[] {
  const all = new Map<string, Rule>()
  for (const rule of rules) {
    const key = `${rule.group}/${rule.resource}/${rule.names ?? ''}`
    const known = all.get(key)
    all.set(key, known ? { ...known, verbs: [...new Set([...known.verbs, ...rule.verbs])] } : rule)
  }
  return [...all.values()]
}
