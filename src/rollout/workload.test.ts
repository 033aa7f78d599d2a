import { describe, expect, it } from 'vitest'
import { progressOf, workloadNamed } from './workload.ts'

describe('a workload', () => {
  it.each([
    ['deploy/shop', 'Deployment'],
    ['Deployment/shop', 'Deployment'],
    ['statefulsets.apps/shop', 'StatefulSet'],
    ['ds/shop', 'DaemonSet'],
  ])('%s is a %s', (text, kind) => expect(workloadNamed(text)).toMatchObject({ name: 'shop', kind: { kind } }))

  it.each(['shop', 'pod/shop', 'deploy/', 'deploy/Shop', 'deploy/../x', 'cronjob/shop'])('%s names none', (text) =>
    expect(workloadNamed(text)).toBeUndefined(),
  )
})

const at = (generation: number, observedGeneration: number, status: object, replicas = 3) => ({
  metadata: { generation },
  spec: { replicas },
  status: { observedGeneration, ...status },
})

describe('how far a rollout has come', () => {
  it.each([
    ['Deployment', at(2, 1, { replicas: 3, updatedReplicas: 3, availableReplicas: 3 }), false],
    ['Deployment', at(2, 2, { replicas: 4, updatedReplicas: 3, availableReplicas: 3 }), false],
    ['Deployment', at(2, 2, { replicas: 3, updatedReplicas: 3, availableReplicas: 2 }), false],
    ['Deployment', at(2, 2, { replicas: 3, updatedReplicas: 3, availableReplicas: 3 }), true],
    ['Deployment', at(2, 2, {}, 0), true],
    ['StatefulSet', at(2, 2, { readyReplicas: 3, currentRevision: 'a', updateRevision: 'b' }), false],
    ['StatefulSet', at(2, 2, { readyReplicas: 2, currentRevision: 'b', updateRevision: 'b' }), false],
    ['StatefulSet', at(2, 2, { readyReplicas: 3, currentRevision: 'b', updateRevision: 'b' }), true],
    ['DaemonSet', at(2, 2, { desiredNumberScheduled: 3, updatedNumberScheduled: 2, numberAvailable: 3 }), false],
    ['DaemonSet', at(2, 2, { desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 3 }), true],
  ] as const)('%s %j: %s', (kind, workload, done) => expect(progressOf(kind, workload).done).toBe(done))

  it('is said in numbers', () => {
    const { text } = progressOf('Deployment', at(2, 2, { replicas: 4, updatedReplicas: 2, availableReplicas: 3 }))
    expect(text).toBe('2 of 3 are new, 3 available')
  })
})
