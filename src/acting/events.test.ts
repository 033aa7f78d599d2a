import { afterEach, describe, expect, it } from 'vitest'
import { type FakeCluster, fakeCluster } from '../kubernetes/fixtures/fake-cluster.ts'
import { agentOf, Events, type Telling } from './events.ts'

const telling = (more: Partial<Telling> = {}): Telling => ({
  regarding: { kind: 'Pod', namespace: 'ads', name: 'bidder-7', uid: 'u' },
  type: 'Warning',
  reason: 'RoadcrewHeld',
  message: 'held back',
  at: 1_800_000_000_000,
  ...more,
})

describe('Events', () => {
  let cluster: FakeCluster
  afterEach(() => cluster.close())

  async function events(answer: Parameters<FakeCluster['serve']>[0]) {
    cluster = fakeCluster()
    const dropped: number[] = []
    const client = await cluster.serve(answer)
    return { events: new Events({ client, source: agentOf('n'), dropped: (count) => dropped.push(count) }), dropped }
  }
  const calls = () => cluster.server.calls.map(({ method, path }) => `${method} ${path}`)

  it('are created once and then counted up for an hour', async () => {
    const { events: all } = await events(() => ({ body: {} }))
    all.add(telling(), telling({ at: telling().at + 60_000 }), telling({ message: 'another' }))
    expect(await all.flush()).toBeUndefined()
    all.add(telling({ at: telling().at + 3_600_000 }))
    await all.flush()
    const [first, again, other, later] = calls()
    expect(first).toBe('POST /api/v1/namespaces/ads/events')
    expect(again).toMatch(/^PATCH \/api\/v1\/namespaces\/ads\/events\/bidder-7\.[0-9a-f]{16}$/)
    expect([other, later]).toEqual([first, first])
  })

  it('wait while the API server does not take them, and the oldest go when there are too many', async () => {
    let up = false
    const { events: all, dropped } = await events(() => (up ? { body: {} } : { status: 503, body: {} }))
    all.add(...Array.from({ length: 205 }, (_, at) => telling({ message: `number ${at}` })))
    expect(dropped).toEqual([5])
    expect(await all.flush()).toContain('503')
    expect(all.waiting).toBe(200)
    up = true
    expect(await all.flush()).toBeUndefined()
    expect([all.waiting, dropped]).toEqual([0, [5]])
  })

  it('that are refused for themselves are dropped, those for want of a right wait', async () => {
    let status = 404
    const { events: all, dropped } = await events(() => ({ status, body: {} }))
    all.add(telling())
    await all.flush()
    expect([all.waiting, dropped]).toEqual([0, [1]])
    status = 403
    all.add(telling())
    expect(await all.flush()).toBeDefined()
    expect(all.waiting).toBe(1)
  })

  it.each([
    'events "bidder-7.1" is forbidden: unable to create new content in namespace ads because it is being terminated',
    'events "bidder-7.1" is forbidden: exceeded quota: few, requested: count/events=1, used: count/events=1',
  ])('do not wait for a namespace that takes none: %s', async (message) => {
    const refused = { status: 403, body: { reason: 'Forbidden', message } }
    const { events: all, dropped } = await events(({ path }) => (path.includes('/ads/') ? refused : { body: {} }))
    const regarding = { kind: 'Pod', namespace: 'shop', name: 'cart-1', uid: 'v' }
    all.add(telling(), telling({ regarding }))
    expect(await all.flush()).toBeUndefined()
    expect([all.waiting, dropped]).toEqual([0, [1]])
    expect(calls()).toEqual(['POST /api/v1/namespaces/ads/events', 'POST /api/v1/namespaces/shop/events'])
  })

  it('of a node lie in the namespace default', async () => {
    const { events: all } = await events(() => ({ body: {} }))
    all.add(telling({ regarding: { kind: 'Node', name: 'n', uid: 'n' } }))
    await all.flush()
    expect(calls()).toEqual(['POST /api/v1/namespaces/default/events'])
  })
})
