// The rules of hazards as policies that a cluster applies by itself, for those who want no webhook. One set of CEL expressions serves both
// kinds: Kyverno takes those of a MutatingAdmissionPolicy. What they say of Pods is the hazard's; whom they are asked about is said here.
import type { Hazard, PodRule, Version } from '../contract/hazard.ts'
import type { Policy } from '../engine/policy.ts'
import { spareAnnotation } from '../engine/rails.ts'
import { olderThan, versionText } from '../objects/version.ts'

export const engines = ['mutating-admission-policy', 'kyverno'] as const
export type Engine = (typeof engines)[number]

/** A document, and what stands above it for people: a line each. */
export interface Document {
  readonly says: readonly string[]
  readonly object: object
}

export interface ExportOptions {
  readonly as: Engine
  /** Of the API server: it has to serve the policy, and to keep what that writes. Of kubelets is only told what they have to be. */
  readonly version: Version
  readonly policy: Policy
  /** By hazard id, as its schema gives them. */
  readonly settings: Readonly<Record<string, unknown>>
}

/** What opts a namespace in: the chart's default for the webhook too. */
export const optIn = { key: 'roadcrew.dev/admission', value: 'enabled' }
/** Given to each namespace by the API server from 1.21 on. */
const nameLabel = 'kubernetes.io/metadata.name'
/** What a kubelet runs from a file of its own: its Pod is a picture that changes nothing (kubernetes, pkg/kubelet/types). */
const mirror = 'kubernetes.io/config.mirror'

/** KEP-3962: alpha in 1.32, beta in 1.34, both off by default; stable in 1.36. Newest first. */
const served = [
  { since: 36, version: 'v1' },
  { since: 34, version: 'v1beta1' },
  { since: 32, version: 'v1alpha1' },
] as const

/** @returns the documents of each hazard that has a rule, or why there are none. */
export function exported(hazards: readonly Hazard[], options: ExportOptions): readonly Document[] | { wrong: string } {
  const { version, as, policy } = options
  const rules = hazards.flatMap((hazard) => ruled(hazard, options))
  for (const { id, rule } of rules) {
    if (olderThan(version, rule.since)) return { wrong: tooOld(version, id, rule) }
    if (policy.hazards[id]?.namespaces?.length === 0)
      return { wrong: `the policy lets nothing be done against ${id} in any namespace: its list of them is empty` }
  }
  const made = rules.map(({ id, rule }) => ({
    name: `roadcrew-${id}`,
    spec: specOf(id, rule, policy),
    says: saysOf(rule),
  }))
  if (as === 'kyverno') return made.map(kyvernoPolicy)
  const api = served.find(({ since }) => !olderThan(version, since))
  return api ? made.flatMap((one) => admissionPolicy(one, api)) : { wrong: unserved(version) }
}

const tooOld = (version: Version, id: string, { since }: PodRule): string =>
  `Kubernetes ${versionText(version)} does not keep what Pods get against ${id}, which takes 1.${since} on API server and all kubelets: take the webhook, which writes what older ones know`

const unserved = (version: Version): string =>
  `Kubernetes ${versionText(version)} has no MutatingAdmissionPolicy, which came with 1.32: take --as kyverno, or the webhook`

const ruled = (hazard: Hazard, { settings }: ExportOptions): { id: string; rule: PodRule }[] => {
  const rule = hazard.podRule?.(settings[hazard.id] ?? hazard.settings.parse({}))
  return rule ? [{ id: hazard.id, rule }] : []
}

interface Made {
  readonly name: string
  readonly spec: object
  readonly says: readonly string[]
}

const lacks = (of: string, annotation: string): string =>
  `(!has(${of}.metadata.annotations) || !('${annotation}' in ${of}.metadata.annotations))`

/** What both kinds have. Conditions see no namespace (apiserver, matchconditions), so that its opt-out stands in the mutation. */
function specOf(id: string, { conditions, patch }: PodRule, policy: Policy): object {
  const own = [
    { name: 'is-not-spared', expression: `${lacks('object', spareAnnotation)} &&\n${lacks('object', mirror)}` },
  ]
  return {
    // Whoever is hurt by a hazard is not helped by a Pod that can't be made.
    failurePolicy: 'Ignore',
    reinvocationPolicy: 'IfNeeded',
    matchConstraints: { namespaceSelector: namespacesOf(id, policy), resourceRules: [podsMade] },
    matchConditions: [...own, ...conditions].map(({ name, expression }) => ({ name, expression })),
    mutations: [
      {
        patchType: 'JSONPatch',
        jsonPatch: { expression: `(${patch})\n.filter(p, ${lacks('namespaceObject', spareAnnotation)})` },
      },
    ],
  }
}

const podsMade = {
  apiGroups: [''],
  apiVersions: ['v1'],
  operations: ['CREATE'],
  resources: ['pods'],
  scope: 'Namespaced',
}

function namespacesOf(id: string, { protectedNamespaces, hazards }: Policy): object {
  const never = [...new Set(['kube-system', ...protectedNamespaces])]
  const only = hazards[id]?.namespaces
  return {
    matchLabels: { [optIn.key]: optIn.value },
    matchExpressions: [
      { key: nameLabel, operator: 'NotIn', values: never },
      ...(only ? [{ key: nameLabel, operator: 'In', values: [...only] }] : []),
    ],
  }
}

function admissionPolicy({ name, spec, says }: Made, { since, version }: (typeof served)[number]): Document[] {
  const apiVersion = `admissionregistration.k8s.io/${version}`
  const gated =
    version === 'v1'
      ? []
      : [
          `From 1.${since} on it is served as ${version}, and only where the API server has --feature-gates=MutatingAdmissionPolicy=true and`,
          `--runtime-config=${apiVersion}=true. With 1.36 export it again: it is v1 then.`,
        ]
  return [
    { says: [...says, ...gated], object: { apiVersion, kind: 'MutatingAdmissionPolicy', metadata: { name }, spec } },
    {
      says: ['A policy does nothing until it is bound; to take it back delete both.'],
      object: { apiVersion, kind: 'MutatingAdmissionPolicyBinding', metadata: { name }, spec: { policyName: name } },
    },
  ]
}

/** policies.kyverno.io: v1alpha1 in Kyverno 1.15, v1beta1 in 1.16, v1 from 1.17 on (its release notes and CRDs). */
function kyvernoPolicy({ name, spec, says }: Made): Document {
  return {
    says: [
      ...says,
      'It takes Kyverno 1.17. (1.16 has the same as policies.kyverno.io/v1beta1, 1.15 as v1alpha1.)',
      'Kyverno (1.19 at least) is not asked again when a webhook after it has changed the Pod (kyverno#17282): a container that one adds gets no wait.',
    ],
    object: {
      apiVersion: 'policies.kyverno.io/v1',
      kind: 'MutatingPolicy',
      metadata: { name },
      spec: {
        ...spec,
        evaluation: { admission: { enabled: true }, mutateExisting: { enabled: false } },
        // What makes Pods stays as it is in Git, and nothing is rolled out anew.
        autogen: { podControllers: { controllers: [] }, mutatingAdmissionPolicy: { enabled: false } },
      },
    },
  }
}

const saysOf = ({ gives, since, conditions, blind }: PodRule): string[] => [
  `Pods get as they are made: ${gives}.`,
  `API server and all kubelets have to be of Kubernetes 1.${since} or newer.`,
  `Namespaces are opted in: kubectl label namespace NAME ${optIn.key}=${optIn.value}`,
  'It does not know, as the webhook does:',
  ...blind.map((one) => `- ${one}.`),
  'It leaves alone:',
  `- What is annotated with ${spareAnnotation}, Pods (in their template) or namespaces, and mirrors of Pods that a kubelet runs from a file.`,
  ...conditions.map(({ leaves }) => `- ${leaves}.`),
]
