import { describe, expect, it } from 'vitest'
import type { Verdict } from '../../contract/hazard.ts'
import { recordedWorld } from '../../engine/fixtures/recorded-world.ts'
import { look, type Memory } from '../../engine/look.ts'
import { type NetworkSeen, networkSeen } from '../../linux/network.ts'
import { machineZones } from '../../node/time-zones.ts'
import { hazards } from '../index.ts'

const own = hazards.filter(({ id }) => id === 'full-conntrack')

const network = (count: number, early_drop: number, more: Partial<NetworkSeen> = {}): NetworkSeen => ({
  statistics: { broken: [], cpus: [{ drop: 0, early_drop }] },
  table: { count, max: 1000 },
  rules: { because: 'not of interest' },
  pods: [],
  ...more,
})

/** What is said of the last of some looks, 10 s apart. */
async function lastOf(looks: readonly NetworkSeen[]): Promise<Verdict | undefined> {
  let memory: Memory = new Map()
  let verdict: Verdict | undefined
  for (const [at, seen] of looks.entries()) {
    const world = recordedWorld([[networkSeen, [{ ...seen, name: 'node-1' }]]], { source: { node: 'node-1' } })
    const seenAt = await look({
      hazards: own,
      vantages: ['node'],
      world,
      now: 0,
      ticks: at * 10_000,
      zones: machineZones(),
      memory,
    })
    memory = seenAt.memory
    verdict = seenAt.judged[0]?.verdict
  }
  return verdict
}
const reason = (verdict: Verdict | undefined) =>
  verdict?.verdict === 'found' ? verdict.findings[0].reason : verdict?.verdict

describe('a conntrack table', () => {
  it.each([
    [799, 'clear'],
    [800, 'nearly-full'],
  ])('with %i of 1000 entries: %s', async (count, is) => expect(reason(await lastOf([network(count, 0)]))).toBe(is))

  it('that threw entries out is found for half a minute, and clear again then', async () => {
    const quiet = (looks: number) => Array.from({ length: looks }, () => network(10, 7))
    expect(reason(await lastOf([network(10, 0), ...quiet(1)]))).toBe('thrown-out')
    expect(reason(await lastOf([network(10, 0), ...quiet(3)]))).toBe('thrown-out')
    expect(reason(await lastOf([network(10, 0), ...quiet(6)]))).toBe('clear')
  })

  it('whose counters began anew is not taken for one that threw entries out', async () =>
    expect(reason(await lastOf([network(10, 900), network(10, 2)]))).toBe('clear'))

  it('whose entries crowd in few buckets is found, with the number of buckets that the kernel would choose', async () => {
    const at = (chaintoolong: number) =>
      network(600, 0, {
        table: { count: 600, max: 1000, buckets: 16 },
        statistics: { broken: [], cpus: [{ drop: 0, early_drop: 0, chaintoolong }] },
      })
    expect(reason(await lastOf([at(4), at(4)]))).toBe('clear')
    const verdict = await lastOf([at(4), at(9)])
    const [finding] = verdict?.verdict === 'found' ? verdict.findings : []
    expect(finding).toMatchObject({
      reason: 'long-chains',
      state: 'occurring',
      fact: '5 packets were dropped within 10 s since too many entries share a bucket, with 600 of 1000 entries (60 %) in use and 16 buckets',
      remedy: [{ do: 'advise', command: 'sysctl -w net.netfilter.nf_conntrack_buckets=1000' }],
    })
    expect(finding?.evidence).toContainEqual(expect.objectContaining({ name: 'buckets', value: 16 }))
  })

  it('of a real node that threw entries out is this, whatever else its counters say', async () => {
    // 5.15 on AKS: five packets lost in its life, and 1.5 thousand million clashes that were resolved.
    const counters = (early: number) => [
      { insert_failed: 4, drop: 4, early_drop: 939_985 - early, clash_resolve: 770_239_427, chaintoolong: 0 },
      { insert_failed: 1, drop: 1, early_drop: 938_060, clash_resolve: 771_663_566, chaintoolong: 0 },
    ]
    const at = (early: number) => network(400, 0, { statistics: { broken: [], cpus: counters(early) } })
    expect(reason(await lastOf([at(90), at(0)]))).toBe('thrown-out')
  })

  it('is judged by what can be read of it', async () => {
    const because = 'no such file'
    expect(await lastOf([network(0, 0, { table: { because } })])).toMatchObject({ because })
    expect(await lastOf([network(0, 0, { statistics: { because } })])).toMatchObject({
      because: 'who was turned away is not known: no such file',
    })
    expect(reason(await lastOf([network(990, 0, { statistics: { because } })]))).toBe('nearly-full')
  })
})
