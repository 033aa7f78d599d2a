import { describe, expect, it } from 'vitest'
import type { Verdict } from '../../contract/hazard.ts'
import { recordedWorld } from '../../engine/fixtures/recorded-world.ts'
import { look, type Memory } from '../../engine/look.ts'
import { type ConnectsSeen, connectsSeen } from '../../linux/connects.ts'
import { type NetworkSeen, networkSeen } from '../../linux/network.ts'
import { machineZones } from '../../node/time-zones.ts'
import { hazards } from '../index.ts'
import { lossSince, type Reading, withReading } from './readings.ts'

const own = hazards.filter(({ id }) => id === 'snat-race')

const network = (insertFailed: readonly number[], more: Partial<NetworkSeen> = {}): NetworkSeen => ({
  kernel: { major: 6, minor: 1 },
  statistics: { broken: [], cpus: insertFailed.map((count) => ({ insert_failed: count, chaintoolong: 0 })) },
  table: { count: 1, max: 262_144 },
  rules: { snat: [], backEnds: ['nft'], unread: [] },
  pods: [],
  ...more,
})

/** What the detector of losses says of the last of some rounds, a minute apart. */
async function lastOf(
  rounds: readonly NetworkSeen[],
  probed: readonly ConnectsSeen[] = [],
): Promise<Verdict | undefined> {
  let memory: Memory = new Map()
  let verdict: Verdict | undefined
  for (const [round, seen] of rounds.entries()) {
    const connects = probed.map((one) => ({ ...one, name: one.target }))
    const world = recordedWorld(
      [
        [networkSeen, [{ ...seen, name: 'node-1' }]],
        [connectsSeen, connects],
      ],
      { source: { node: 'node-1' } },
    )
    const at = { now: 1_800_000_000_000, ticks: round * 60_000, zones: machineZones() }
    const seenAt = await look({ hazards: own, vantages: ['node'], world, ...at, memory })
    memory = seenAt.memory
    verdict = seenAt.judged[1]?.verdict
  }
  return verdict
}
const fact = (verdict: Verdict | undefined) =>
  verdict?.verdict === 'found' ? verdict.findings[0].fact : verdict?.verdict

describe('losses', () => {
  it('are not known by one reading, nor after a reset', async () => {
    expect(await lastOf([network([9])])).toMatchObject({ verdict: 'unknown' })
    expect(await lastOf([network([900]), network([2])])).toMatchObject({ verdict: 'unknown' })
    expect(await lastOf([network([900]), network([2]), network([8])])).toMatchObject({ verdict: 'found' })
  })

  it('are counted over the window, CPU by CPU', async () => {
    expect(fact(await lastOf([network([1, 5]), network([3, 5]), network([4, 9])]))).toBe(
      '7 packets lost their place in the conntrack table within 120 s',
    )
    expect(fact(await lastOf([network([1]), network([5])]))).toBe('clear')
    const long = [network([1]), network([50]), ...Array.from({ length: 11 }, () => network([50]))]
    expect(fact(await lastOf(long))).toBe('clear')
  })

  it('need to be one of 10,000 connections where those are counted', async () => {
    const pods = (activeOpens: number) => ({ pods: [{ namespace: '1', pid: 1, tcp: { activeOpens } }] })
    const having = (opens: number) => lastOf([network([0], pods(1000)), network([10], pods(1000 + opens))])
    expect(fact(await having(100_000))).toMatch(/, 1\.0 of 10,000 connections$/)
    expect(fact(await having(100_001))).toBe('clear')
  })

  it('under other rules say nothing of those that are there now', async () => {
    const rule = {
      backEnd: 'nft',
      family: 'ip',
      table: 'nat',
      chain: 'post',
      position: 1,
      target: 'MASQUERADE',
      ports: 'kept',
      text: 'masquerade',
    } as const
    const racing = { rules: { snat: [rule], backEnds: ['nft'], unread: [] } }
    expect(fact(await lastOf([network([0], racing), network([90], racing)]))).toMatch(/^90 packets/)
    const changed = [network([0], racing), network([90], racing), network([90])]
    expect(await lastOf(changed)).toMatchObject({ verdict: 'unknown' })
    expect(fact(await lastOf([...changed, network([90])]))).toBe('clear')
  })

  it('are none where only resolved clashes grow, and those of a whole life say nothing', async () => {
    const at = (clash_resolve: number) =>
      network([], { statistics: { broken: [], cpus: [{ insert_failed: 5, clash_resolve, chaintoolong: 0 }] } })
    expect(fact(await lastOf([at(1), at(1_541_902_993)]))).toBe('clear')
  })

  it('leave out what was dropped since a chain was too long', async () => {
    const cpus = (failed: number, long: number) =>
      network([], { statistics: { broken: [], cpus: [{ insert_failed: failed, chaintoolong: long }] } })
    expect(fact(await lastOf([cpus(0, 0), cpus(30, 28)]))).toBe('clear')
  })

  it("have what the agent's probe saw beside them, and are never found or clear by it alone", async () => {
    const probed = (from?: ConnectsSeen['from']): readonly ConnectsSeen[] => [
      { target: 'db:5432', forMs: 600_000, connects: 600, lost: 4, failed: 0, ...(from && { from }) },
    ]
    const evidence = async (seen: readonly ConnectsSeen[]) => {
      const verdict = await lastOf([network([0]), network([9])], seen)
      return verdict?.verdict === 'found' ? verdict.findings[0].evidence.slice(2) : verdict
    }
    const name = 'connects that met a step of SYN retransmission'
    const from = "the agent's probe of db:5432 within 600 s,"
    expect(await evidence(probed('pod'))).toEqual([
      { name, value: '4 of 600', at: { read: `${from} from a network that is not the node's own` } },
    ])
    expect(await evidence(probed('node'))).toEqual([
      {
        name,
        value: '4 of 600',
        at: { read: `${from} from the node's own network, which rules for Pods do not translate` },
      },
    ])
    expect(await evidence([])).toEqual([])
    expect(await lastOf([network([0]), network([0])], probed('pod'))).toMatchObject({ verdict: 'clear' })
    expect(await lastOf([network([0])], probed('pod'))).toMatchObject({ verdict: 'unknown' })
  })

  it('are not known where counters were not read', async () => {
    expect(await lastOf([network([], { statistics: { because: 'no permission' } })])).toMatchObject({
      because: 'insert_failed was not read: no permission',
    })
  })
})

it('a rule that Pods do not pass, or that nothing has met, can wait', async () => {
  const rule = {
    backEnd: 'iptables-legacy',
    family: 'ip',
    table: 'nat',
    chain: 'POSTROUTING',
    position: 1,
    target: 'MASQUERADE',
    ports: 'kept',
    text: 't',
  } as const
  const snat = [
    { ...rule, owner: 'Docker' },
    { ...rule, owner: 'flannel' },
    { ...rule, owner: 'Cilium', packets: 0 },
  ]
  const seen = network([0], { rules: { snat, backEnds: ['iptables-legacy', 'iptables-nft'], unread: [] } })
  const world = recordedWorld([[networkSeen, [{ ...seen, name: 'n' }]]], { source: { node: 'n' } })
  const [judged] = (await look({ hazards: own, vantages: ['node'], world, now: 0, ticks: 0, zones: machineZones() }))
    .judged
  const findings = judged?.verdict.verdict === 'found' ? judged.verdict.findings : []
  expect(findings.map(({ severity }) => severity)).toEqual(['low', 'medium', 'low'])
  expect(findings[1]?.evidence.at(-1)).toMatchObject({ name: 'back ends', value: 'iptables-legacy and iptables-nft' })
})

it('rules that could not all be read are not clear', async () => {
  const world = (rules: NetworkSeen['rules']) =>
    recordedWorld([[networkSeen, [{ ...network([0], { rules }), name: 'n' }]]], { source: { node: 'n' } })
  const verdict = async (rules: NetworkSeen['rules']) => {
    const seen = await look({
      hazards: own,
      vantages: ['node'],
      world: world(rules),
      now: 0,
      ticks: 0,
      zones: machineZones(),
    })
    return seen.judged[0]?.verdict
  }
  expect(await verdict({ snat: [], backEnds: ['nft'], unread: ['iptables-legacy-save: no permission'] })).toMatchObject(
    {
      because: 'not all rules were read: iptables-legacy-save: no permission',
    },
  )
  expect(await verdict({ because: 'no permission' })).toMatchObject({ because: 'no rules were read: no permission' })
  expect(await verdict({ snat: [], backEnds: [], unread: [] })).toMatchObject({ verdict: 'clear' })
})

it('readings stay few, and reach back over the whole window', () => {
  const at = (ticks: number): Reading => ({ ticks, cpus: [{ insert_failed: ticks }], opens: undefined })
  let kept: readonly Reading[] = []
  for (let ticks = 0; ticks <= 3_600_000; ticks += 11_000) kept = withReading(kept, at(ticks), 600_000)
  expect(kept.length).toBeLessThan(25)
  const loss = lossSince(kept, at(3_611_000))
  expect(loss?.forMs).toBeGreaterThanOrEqual(600_000)
  expect(loss?.forMs).toBeLessThan(650_000)
})
