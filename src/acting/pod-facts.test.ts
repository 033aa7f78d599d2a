import type { Pod } from 'kubernetes-types/core/v1.js'
import type { PodDisruptionBudget } from 'kubernetes-types/policy/v1.js'
import { describe, expect, it } from 'vitest'
import { isSamePod, type PodSeen, podFacts } from './pod-facts.ts'

const identity = { namespace: 'ads', name: 'bidder-7', uid: '0c5d0e0e-0000-4000-8000-000000000007' }
const now = Date.parse('2026-11-23T08:00:00Z')
const pod: Pod = {
  metadata: {
    name: 'bidder-7',
    namespace: 'ads',
    uid: identity.uid,
    labels: { app: 'bidder' },
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'bidder-5d9c', uid: 'r', controller: true }],
  },
  spec: { containers: [] },
}
const facts = (more: Partial<PodSeen> & { metadata?: object } = {}) => {
  const { metadata, ...rest } = more
  const seen = {
    pod: { ...pod, metadata: { ...pod.metadata, ...metadata } },
    namespace: undefined,
    budgets: [],
    ...rest,
  }
  return podFacts(identity, seen, now)
}
const healthy = { currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 }
const budget = (app: string, disruptionsAllowed?: number): PodDisruptionBudget => ({
  spec: { selector: { matchLabels: { app } } },
  ...(disruptionsAllowed !== undefined && { status: { ...healthy, disruptionsAllowed } }),
})

describe('facts of a Pod', () => {
  it('are those of its object', () => {
    expect(facts()).toEqual({
      namespace: 'ads',
      name: 'bidder-7',
      annotations: {},
      pastGraceMs: undefined,
      owner: 'ReplicaSet bidder-5d9c',
      static: false,
    })
  })

  it('count its grace period from when it ends', () => {
    expect(facts({ metadata: { deletionTimestamp: '2026-11-23T07:59:00Z' } }).pastGraceMs).toBe(60_000)
    expect(facts({ metadata: { deletionTimestamp: '2026-11-23T08:00:30Z' } }).pastGraceMs).toBe(-30_000)
  })

  it('say that nobody wants it any more where its object is gone', () => {
    expect(facts({ pod: 'gone' })).toMatchObject({ pastGraceMs: 1, static: false })
    const hash = { ...identity, uid: '0123456789abcdef0123456789abcdef' }
    expect(podFacts(hash, { pod: 'gone', namespace: undefined, budgets: [] }, now).static).toBe(true)
  })

  it('know a static Pod by its mirror, or by the node that owns it', () => {
    expect(facts({ metadata: { annotations: { 'kubernetes.io/config.mirror': 'hash' } } }).static).toBe(true)
    const ownerReferences = [{ apiVersion: 'v1', kind: 'Node', name: 'n', uid: 'n', controller: true }]
    expect(facts({ metadata: { ownerReferences } }).static).toBe(true)
  })

  it('name no owner that does not control it', () => {
    expect(
      facts({ metadata: { ownerReferences: [{ kind: 'Job', name: 'j', apiVersion: 'v1', uid: 'j' }] } }).owner,
    ).toBe(undefined)
  })

  it("take the namespace's opt-out, but for what the Pod says itself", () => {
    const namespace = { metadata: { annotations: { 'roadcrew.dev/spare': 'true', other: 'x' } } }
    expect(facts({ namespace }).annotations).toEqual({ 'roadcrew.dev/spare': 'true' })
    expect(facts({ namespace, pod: 'gone' }).annotations).toEqual({ 'roadcrew.dev/spare': 'true' })
    const own = { annotations: { 'roadcrew.dev/spare': 'false' } }
    expect(facts({ namespace, metadata: own }).annotations).toEqual({ 'roadcrew.dev/spare': 'false' })
  })

  it('know the least room of the budgets that select it, and none of one without a status', () => {
    expect(facts({ budgets: [budget('other', 0)] })).not.toHaveProperty('disruptionsAllowed')
    expect(facts({ budgets: [budget('bidder', 3), budget('bidder', 1)] }).disruptionsAllowed).toBe(1)
    expect(facts({ budgets: [budget('bidder')] }).disruptionsAllowed).toBe(0)
  })

  it('say how many of its owner are ready', () => {
    expect(facts({ owner: { spec: { replicas: 12 }, status: { readyReplicas: 11 } } }).ownerReady).toBe('11 of 12')
    expect(facts({ owner: { spec: { replicas: 2 }, status: {} } }).ownerReady).toBe('0 of 2')
    expect(facts({ owner: { status: { numberReady: 4, desiredNumberScheduled: 5 } } }).ownerReady).toBe('4 of 5')
    expect(facts({ owner: {} })).not.toHaveProperty('ownerReady')
  })
})

it('an object of the same name is another Pod if its uid is, but for the mirror of a static one', () => {
  expect(isSamePod(pod, identity)).toBe(true)
  expect(isSamePod(pod, { ...identity, uid: 'another' })).toBe(false)
  const mirror = { metadata: { uid: 'm', annotations: { 'kubernetes.io/config.mirror': 'hash' } } }
  expect(isSamePod(mirror, { ...identity, uid: 'hash' })).toBe(true)
})
