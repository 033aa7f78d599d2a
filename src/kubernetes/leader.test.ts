import { afterEach, describe, expect, it } from 'vitest'
import type { Answer, Call } from './fixtures/fake-api-server.ts'
import { type FakeCluster, fakeCluster } from './fixtures/fake-cluster.ts'
import { claim, isHeldByOther, Leader, observe } from './leader.ts'

const at = Date.parse('2026-11-23T08:00:00Z')

describe('a lease', () => {
  const spec = claim(undefined, 'a', at, 15_000)

  it('is written as client-go writes it', () => {
    expect(spec).toEqual({
      holderIdentity: 'a',
      leaseDurationSeconds: 15,
      acquireTime: '2026-11-23T08:00:00.000000Z',
      renewTime: '2026-11-23T08:00:00.000000Z',
      leaseTransitions: 0,
    })
    const renewed = claim(spec, 'a', at + 2000, 15_000)
    expect(renewed).toEqual({ ...spec, renewTime: '2026-11-23T08:00:02.000000Z' })
    const taken = claim(renewed, 'b', at + 60_000, 15_000)
    expect(taken).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1, acquireTime: taken.renewTime })
  })

  it('is as old as its last change was seen, whatever its times say', () => {
    const first = observe(undefined, spec, 1000)
    const again = observe(first, { ...spec }, 15_500)
    expect(isHeldByOther(again, 'b', 15_999)).toBe(true)
    expect(isHeldByOther(again, 'b', 16_000)).toBe(false)
    const renewed = observe(again, claim(spec, 'a', at - 86_400_000, 15_000), 15_600)
    expect(isHeldByOther(renewed, 'b', 30_599)).toBe(true)
    expect(isHeldByOther(renewed, 'a', 16_000)).toBe(false)
    expect(isHeldByOther(observe(renewed, { ...spec, holderIdentity: '' }, 1), 'b', 1)).toBe(false)
  })
})

describe('who leads', () => {
  let cluster: FakeCluster
  afterEach(() => cluster.close())

  /** A fake API server that keeps one Lease, and refuses a patch of an old version. */
  async function lease() {
    let kept: Record<string, unknown> | undefined
    let version = 0
    let broken: Answer | undefined
    const answer = ({ method, body }: Call): Answer => {
      if (broken) return broken
      if (method === 'GET') return kept ? { body: kept } : { status: 404, body: { reason: 'NotFound' } }
      const { metadata = {}, spec } = JSON.parse(body) as { metadata?: { resourceVersion?: string }; spec: object }
      if (kept ? metadata.resourceVersion !== String(version) : method !== 'POST') return { status: 409, body: {} }
      version++
      kept = { metadata: { resourceVersion: String(version) }, spec }
      return { body: kept }
    }
    cluster = fakeCluster()
    const client = await cluster.serve(answer)
    let ticks = 0
    const told: string[] = []
    const leader = (identity: string) =>
      new Leader({
        client,
        namespace: 'roadcrew',
        name: 'one',
        identity,
        now: () => at + ticks,
        ticks: () => ticks,
        random: () => 0,
        changed: (leads, holder) =>
          void told.push(`${identity} ${leads ? 'leads' : 'waits for'} ${holder ?? 'nobody'}`),
        failed: () => {},
      })
    return {
      leader,
      told,
      pass: (ms: number) => {
        ticks += ms
      },
      break: (how?: Answer) => {
        broken = how
      },
      spec: () => kept?.spec as Record<string, unknown>,
    }
  }

  it('is one of two, until it did not renew for as long as the lease says', async () => {
    const { leader, pass, spec } = await lease()
    const [a, b] = [leader('a'), leader('b')]
    await a.round()
    await b.round()
    expect([a.leads, b.leads]).toEqual([true, false])
    pass(9_999)
    expect(a.leads).toBe(true)
    pass(1)
    expect(a.leads).toBe(false) // before b may take it
    pass(4_000)
    await b.round()
    expect(b.leads).toBe(false)
    pass(1_000)
    await b.round()
    expect([a.leads, b.leads, spec().leaseTransitions]).toEqual([false, true, 1])
    await a.round()
    expect([a.leads, b.leads]).toEqual([false, true])
  })

  it('is the other at once when the lease is released, and a lease that was lost is not', async () => {
    const { leader, pass, spec } = await lease()
    const [a, b] = [leader('a'), leader('b')]
    await a.round()
    await b.round()
    await a.release()
    expect(spec()).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 })
    await b.round()
    expect([a.leads, b.leads]).toEqual([false, true])
    await a.release()
    expect(spec()).toMatchObject({ holderIdentity: 'b' })
    pass(1)
  })

  it('is nobody while the lease can not be written, and who leads goes on for as long as it may', async () => {
    const { leader, pass, break: breakIt } = await lease()
    const a = leader('a')
    await a.round()
    breakIt({ status: 403, body: { message: 'no' } })
    await expect(a.round()).rejects.toThrow('no')
    expect(a.leads).toBe(true)
    pass(10_000)
    expect(a.leads).toBe(false)
    breakIt()
    await a.round()
    expect(a.leads).toBe(true)
  })

  it('is told when it changes', async () => {
    const { leader, told } = await lease()
    const [a, b] = [leader('a'), leader('b')]
    const abort = new AbortController()
    const running = a.run(abort.signal)
    await expect.poll(() => told).toEqual(['a leads a'])
    abort.abort()
    await running
    await b.round()
    await a.release()
    expect(told).toEqual(['a leads a', 'a waits for a'])
  })
})
