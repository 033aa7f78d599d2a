import { describe, expect, it } from 'vitest'
import type { Verdict } from '../../contract/hazard.ts'
import { recordedWorld } from '../../engine/fixtures/recorded-world.ts'
import { look, type Memory } from '../../engine/look.ts'
import { type ConnectsSeen, connectsSeen } from '../../linux/connects.ts'
import { type NetworkSeen, networkSeen } from '../../linux/network.ts'
import type { SnatRule } from '../../linux/snat-rules.ts'
import { machineZones } from '../../node/time-zones.ts'
import { hazards } from '../index.ts'

const own = hazards.filter(({ id }) => id === 'snat-race')

const plainRule = {
  backEnd: 'nft',
  family: 'ip',
  table: 'nat',
  chain: 'post',
  position: 1,
  target: 'MASQUERADE',
  ports: 'kept',
  text: 'masquerade',
} as const
const underRule = (rule: SnatRule) => ({ rules: { snat: [rule], backEnds: ['nft'], unread: [] } })

const network = (insertFailed: readonly number[], more: Partial<NetworkSeen> = {}): NetworkSeen => ({
  kernel: { major: 6, minor: 1 },
  statistics: { broken: [], cpus: insertFailed.map((count) => ({ insert_failed: count, chaintoolong: 0 })) },
  table: { count: 1, max: 262_144 },
  ...underRule(plainRule),
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
    const other = underRule({ ...plainRule, text: 'masquerade random', ports: 'random' })
    expect(fact(await lastOf([network([0]), network([90])]))).toMatch(/^90 packets/)
    const changed = [network([0]), network([90]), network([90], other)]
    expect(await lastOf(changed)).toMatchObject({ verdict: 'unknown' })
    expect(fact(await lastOf([...changed, network([90], other)]))).toBe('clear')
  })

  it('are another cause where no rule races, and where one destination has no port left', async () => {
    const random = underRule({ ...plainRule, ports: 'fully-random' })
    expect(fact(await lastOf([network([0], random), network([90], random)]))).toBe('clear')
    const unread = { rules: { ...random.rules, unread: ['iptables-legacy-save: no permission'] } }
    expect(fact(await lastOf([network([0], unread), network([90], unread)]))).toMatch(/^90 packets/)
    const ports = { min: 1024, max: 65_535 }
    const destination = { protocol: 'tcp', to: '198.51.100.7:443', from: '192.0.2.1', flows: 64_000, ports }
    const near = { destinations: { busiest: [destination] } }
    expect(fact(await lastOf([network([0], near), network([90], near)]))).toBe('clear')
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
    const name = 'connects that met a step of SYN retransmission'
    const evidence = async (seen: readonly ConnectsSeen[]) => {
      const verdict = await lastOf([network([0]), network([9])], seen)
      return verdict?.verdict === 'found' ? verdict.findings[0].evidence.filter((one) => one.name === name) : verdict
    }
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

describe('the remedy of losses', () => {
  const rule = {
    backEnd: 'iptables-nft',
    family: 'ip',
    table: 'nat',
    chain: 'POSTROUTING',
    position: 4,
    target: 'MASQUERADE',
    ports: 'kept',
    text: '-A POSTROUTING -s 10.244.0.0/16 -j MASQUERADE',
    packets: 9,
    owner: 'flannel',
  } as const
  const steps = async (more: object, seen: Partial<NetworkSeen> = {}) => {
    const rules = {
      snat: [{ ...rule, ...more }],
      backEnds: ['iptables-nft'],
      unread: [],
      versions: { 'iptables-nft': '1.8.9' },
    }
    const verdict = await lastOf([network([0], { ...seen, rules }), network([90], { ...seen, rules })])
    return verdict?.verdict === 'found' ? verdict.findings[0].remedy : []
  }

  it("names the owner's switch first, then rewrites the very rule", async () => {
    const [advice, rewrite, ...others] = await steps({})
    expect(advice).toMatchObject({
      do: 'advise',
      why: expect.stringMatching(/^flannel asks for it by itself .*flannel#2273/),
      command: 'iptables-nft -t nat -R POSTROUTING 4 -s 10.244.0.0/16 -j MASQUERADE --random-fully',
    })
    expect(rewrite).toMatchObject({
      do: 'replace-rule',
      name: 'random-ports',
      why: expect.stringContaining('flannel makes it again without'),
      rule: { backEnd: 'iptables-nft', family: 'ip', table: 'nat', chain: 'POSTROUTING', position: 4 },
      before: rule.text,
      after: `${rule.text} --random-fully`,
    })
    expect(others).toEqual([])
  })

  it.each([
    ['that nothing has met', { packets: 0 }, {}],
    ["of Docker's", { owner: 'Docker' }, {}],
    ['where the kernel can not', {}, { kernel: { major: 3, minor: 10 } }],
    ['where losses are not told apart from resolved clashes', {}, { kernel: { major: 4, minor: 19 } }],
  ])('rewrites no rule %s', async (_, more, seen) => {
    expect((await steps(more, seen)).map((step) => step.do)).toEqual(['advise'])
  })
})
