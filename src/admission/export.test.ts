import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { describe, expect, it } from 'vitest'
import { parse as parseYamls } from 'yaml'
import { evaluatePatch, patched } from '../../house/cel-with-json-patch-shim.ts'
import { applied, optedIn } from '../../house/policy-applied.ts'
import type { Hazard } from '../contract/hazard.ts'
import { defaultPolicy, type Policy } from '../engine/policy.ts'
import { spareAnnotation } from '../engine/rails.ts'
import { hazards } from '../hazards/index.ts'
import { type Engine, engines, exported, optIn } from './export.ts'

const at = (minor: number) => ({ major: 1, minor })
const options = (as: Engine, minor: number, policy: Policy = defaultPolicy) => ({
  as,
  version: at(minor),
  policy,
  settings: {},
})

const objectsOf = (as: Engine, minor: number, policy?: Policy): Record<string, unknown>[] => {
  const documents = exported(hazards, options(as, minor, policy))
  if ('wrong' in documents) throw new Error(documents.wrong)
  return documents.map(({ object }) => object as Record<string, unknown>)
}

// The fields that are written, as the API's own descriptions have them, and no others.
const text = { type: 'string', minLength: 1 }
const texts = { type: 'array', items: { type: 'string' }, minItems: 1 }
const strict = (properties: object, required = Object.keys(properties)) => ({
  ...{ type: 'object', properties, required, additionalProperties: false },
})
const requirement = strict({ key: text, operator: { enum: ['In', 'NotIn'] }, values: texts })
/** MutatingAdmissionPolicySpec of admissionregistration.k8s.io/v1, v1beta1 and v1alpha1 (k8s.io/api), without params and variables. */
const spec = {
  failurePolicy: { enum: ['Ignore', 'Fail'] },
  reinvocationPolicy: { enum: ['Never', 'IfNeeded'] },
  matchConstraints: strict({
    namespaceSelector: strict({
      matchLabels: { type: 'object', additionalProperties: text },
      matchExpressions: { type: 'array', items: requirement },
    }),
    resourceRules: {
      type: 'array',
      items: strict({
        ...{ apiGroups: texts, apiVersions: texts, resources: texts, scope: { enum: ['Cluster', 'Namespaced', '*'] } },
        operations: { type: 'array', items: { enum: ['CREATE', 'UPDATE', 'DELETE', 'CONNECT', '*'] } },
      }),
    },
  }),
  matchConditions: {
    type: 'array',
    maxItems: 64,
    items: strict({
      name: { type: 'string', pattern: '^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$' },
      expression: text,
    }),
  },
  mutations: {
    type: 'array',
    minItems: 1,
    items: strict({
      patchType: { enum: ['JSONPatch', 'ApplyConfiguration'] },
      jsonPatch: strict({ expression: text }),
    }),
  },
}
const switched = strict({ enabled: { type: 'boolean' } })
/** MutatingPolicySpec of policies.kyverno.io (kyverno, config/crds/policies.kyverno.io). */
const kyvernoSpec = {
  ...spec,
  evaluation: strict({ admission: switched, mutateExisting: switched }),
  autogen: strict({
    podControllers: strict({ controllers: { type: 'array', items: { type: 'string' } } }),
    mutatingAdmissionPolicy: switched,
  }),
}
const documentSchema = (kind: string, of: object) =>
  strict({
    apiVersion: text,
    kind: { const: kind },
    metadata: strict({ name: { type: 'string', pattern: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$' } }),
    spec: strict(of),
  })
const schemas: Readonly<Record<string, object>> = {
  MutatingAdmissionPolicy: documentSchema('MutatingAdmissionPolicy', spec),
  MutatingAdmissionPolicyBinding: documentSchema('MutatingAdmissionPolicyBinding', { policyName: text }),
  MutatingPolicy: documentSchema('MutatingPolicy', kyvernoSpec),
}

describe('what is exported', () => {
  it.each<[Engine, number, string, string[]]>([
    [
      'mutating-admission-policy',
      37,
      'admissionregistration.k8s.io/v1',
      ['MutatingAdmissionPolicy', 'MutatingAdmissionPolicyBinding'],
    ],
    [
      'mutating-admission-policy',
      36,
      'admissionregistration.k8s.io/v1',
      ['MutatingAdmissionPolicy', 'MutatingAdmissionPolicyBinding'],
    ],
    [
      'mutating-admission-policy',
      35,
      'admissionregistration.k8s.io/v1beta1',
      ['MutatingAdmissionPolicy', 'MutatingAdmissionPolicyBinding'],
    ],
    [
      'mutating-admission-policy',
      33,
      'admissionregistration.k8s.io/v1alpha1',
      ['MutatingAdmissionPolicy', 'MutatingAdmissionPolicyBinding'],
    ],
    ['kyverno', 30, 'policies.kyverno.io/v1', ['MutatingPolicy']],
  ])('as %s for 1.%i is of %s, as it is published', (as, minor, apiVersion, kinds) => {
    const objects = objectsOf(as, minor)
    expect(objects.map(({ kind }) => kind)).toEqual(kinds)
    for (const object of objects) {
      const ajv = new Ajv({ strict: false, allErrors: true })
      const valid = ajv.validate(schemas[String(object.kind)] ?? false, object)
      expect([valid, ajv.errors]).toEqual([true, null])
      expect(object.apiVersion).toBe(apiVersion)
    }
  })

  it.each<[Engine, number, RegExp]>([
    ['mutating-admission-policy', 31, /^Kubernetes 1\.31 has no MutatingAdmissionPolicy.*--as kyverno/],
    ['mutating-admission-policy', 29, /^Kubernetes 1\.29 does not keep .*take the webhook/],
    ['kyverno', 29, /^Kubernetes 1\.29 does not keep .*take the webhook/],
  ])('as %s is nothing for 1.%i, and says what to do', (as, minor, wrong) =>
    expect(exported(hazards, options(as, minor))).toEqual({ wrong: expect.stringMatching(wrong) }),
  )

  it('is one rule in both kinds', () => {
    const [native, , kyverno] = [...objectsOf('mutating-admission-policy', 36), ...objectsOf('kyverno', 36)]
    expect(kyverno?.spec).toMatchObject(native?.spec as object)
  })

  it('says that a release before 1.36 has it only where it is switched on', () => {
    const [first] = [exported(hazards, options('mutating-admission-policy', 35))].flat()
    expect('says' in (first ?? {}) && JSON.stringify(first)).toContain(
      '--runtime-config=admissionregistration.k8s.io/v1beta1=true',
    )
  })
})

it('a namespace is opted in as for the webhook of the chart', () => {
  const values = parseYamls(readFileSync(join(import.meta.dirname, '../../charts/roadcrew/values.yaml'), 'utf8'))
  expect(values.webhook.namespaceLabels).toEqual({ [optIn.key]: optIn.value })
})

const pod = (annotations?: object) => ({
  metadata: { name: 'one', ...(annotations && { annotations }) },
  spec: { containers: [{ name: 'app' }] },
})
const all = engines.flatMap((as) => objectsOf(as, 36).filter(({ kind }) => kind !== 'MutatingAdmissionPolicyBinding'))

describe.each(all.map((policy) => [policy.kind, policy] as const))('by a %s', (_, policy) => {
  it('a Pod is changed', () =>
    expect(applied(policy, pod({ a: 'b' }), optedIn('web', { c: 'd' })).operations).not.toEqual([]))

  it.each([
    ['is not opted in', { metadata: { name: 'web', labels: { 'kubernetes.io/metadata.name': 'web' } } }],
    ['is kube-system', optedIn('kube-system')],
    ['wants to be left alone', optedIn('web', { [spareAnnotation]: 'true' })],
  ])('one whose namespace %s is not', (_why, namespace) =>
    expect(applied(policy, pod(), namespace).object).toEqual(pod()),
  )

  it.each([spareAnnotation, 'kubernetes.io/config.mirror'])('one with %s is not', (annotation) =>
    expect(applied(policy, pod({ [annotation]: '' }), optedIn('web')).leftBy).toBe('is-not-spared'),
  )
})

describe('of a policy', () => {
  const [ruled] = hazards.filter(({ podRule }) => podRule)
  const id = ruled?.id ?? ''

  it('the protected namespaces count, and those that the hazard is kept to', () => {
    const kept: Policy = {
      ...defaultPolicy,
      protectedNamespaces: ['vault'],
      hazards: { [id]: { namespaces: ['web', 'vault'] } },
    }
    const [policy] = objectsOf('kyverno', 36, kept)
    const changed = ['web', 'vault', 'kube-system', 'shop'].filter(
      (name) => applied(policy ?? {}, pod(), optedIn(name)).operations.length > 0,
    )
    expect(changed).toEqual(['web'])
  })

  it('no namespaces at all are an error', () =>
    expect(
      exported(hazards, options('kyverno', 36, { ...defaultPolicy, hazards: { [id]: { namespaces: [] } } })),
    ).toEqual({
      wrong: expect.stringContaining('its list of them is empty'),
    }))
})

it('only hazards with a reason that is fit for the webhook have a rule, and each of them has one', () => {
  const has = ({ podRule }: Hazard): boolean => podRule !== undefined
  const fits = ({ reasons }: Hazard): boolean => Object.values(reasons).some(({ admit }) => admit)
  expect(hazards.filter(has).map(({ id }) => id)).toEqual(hazards.filter(fits).map(({ id }) => id))
})

describe('the shim of JSONPatch', () => {
  const given = { object: { list: ['a', 'b'], count: 3 } }

  it('gives operations as RFC 6902 has them', () =>
    expect(
      evaluatePatch(
        '[0, 1].map(i, JSONPatch{op: "add", path: "/list/" + string(i), value: {"n": {"m": object.count}}})',
        given,
      ),
    ).toEqual([0, 1].map((i) => ({ op: 'add', path: `/list/${i}`, value: { n: { m: 3 } } }))))

  it.each(['object.list', 'JSONPatch{op: "add"}', '[JSONPatch{ops: "add"}]', 'object.none'])(
    'throws for %s',
    (expression) => expect(() => evaluatePatch(expression, given)).toThrow(),
  )

  it('patches as RFC 6902 has it, and throws where it can not', () => {
    const object = { a: { b: 1 }, list: [{ c: 2 }] }
    const operations = [
      { op: 'test', path: '/a/b', value: 1 },
      { op: 'replace', path: '/a/b', value: 2 },
      { op: 'add', path: '/list/0/d', value: 3 },
    ] as const
    expect(patched(object, operations)).toEqual({ a: { b: 2 }, list: [{ c: 2, d: 3 }] })
    expect(object.a.b).toBe(1)
    for (const path of ['/x/y', '/a/b/c', '/list/0'])
      expect(() => patched(object, [{ op: 'add', path, value: 0 }])).toThrow()
    expect(() => patched(object, [{ op: 'test', path: '/a/b', value: 7 }])).toThrow()
  })
})
