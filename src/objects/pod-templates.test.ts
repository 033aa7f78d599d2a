import { describe, expect, it } from 'vitest'
import { podTemplateOf, workloadOf } from './pod-templates.ts'

const containers = [{ name: 'app' }]

describe('the pod template', () => {
  it('of a workload is below its spec, of a Pod its spec itself', () => {
    const template = { metadata: { labels: { app: 'shop' } }, spec: { containers } }
    expect(podTemplateOf({ spec: { template } })).toEqual({
      spec: { containers },
      labels: { app: 'shop' },
      annotations: {},
      path: ['spec', 'template', 'spec'],
    })
    expect(podTemplateOf({ metadata: { annotations: { a: 'b' } }, spec: { containers } })).toMatchObject({
      annotations: { a: 'b' },
      path: ['spec'],
    })
  })

  it.each([{}, { spec: {} }, { spec: { template: {} } }])('%j has none', (object) =>
    expect(podTemplateOf(object)).toBeUndefined(),
  )
})

describe('the workload of a Pod', () => {
  const made = (kind: string, name: string, labels: Record<string, string> = {}) =>
    workloadOf({
      namespace: 'shop',
      labels,
      ownerReferences: [{ apiVersion: 'v1', kind, name, uid: 'u', controller: true }],
    })

  it.each([
    [made('ReplicaSet', 'web-5d9c7b9f4c', { 'pod-template-hash': '5d9c7b9f4c' }), 'Deployment shop/web'],
    [
      made('ReplicaSet', 'web-5d9c', { 'pod-template-hash': '5d9c', 'rollouts-pod-template-hash': '5d9c' }),
      'Rollout shop/web',
    ],
    [made('ReplicaSet', 'by-hand', { 'pod-template-hash': '5d9c' }), 'ReplicaSet shop/by-hand'],
    [made('StatefulSet', 'db'), 'StatefulSet shop/db'],
    [workloadOf({ namespace: 'shop' }), undefined],
    [workloadOf(undefined), undefined],
  ])('%s', (workload, expected) => expect(workload).toBe(expected))
})
