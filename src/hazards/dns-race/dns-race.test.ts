import { describe, expect, it } from 'vitest'
import type { Verdict } from '../../contract/hazard.ts'
import { recordedWorld } from '../../engine/fixtures/recorded-world.ts'
import { look, type Memory } from '../../engine/look.ts'
import { type NatRules, type NetworkSeen, networkSeen } from '../../linux/network.ts'
import type { SnatRule } from '../../linux/snat-rules.ts'
import { machineZones } from '../../node/time-zones.ts'
import { hazards } from '../index.ts'

const own = hazards.filter(({ id }) => id === 'dns-race')

const dns = {
  translated: [{ by: 'kube-proxy', text: '-A KUBE-SEP-A -p udp -j DNAT --to-destination 10.244.0.3:53' }],
  untracked: [],
}
const random: SnatRule = {
  ...{ backEnd: 'nft', family: 'ip', table: 'nat', chain: 'post', position: 1, target: 'MASQUERADE' },
  ports: 'fully-random',
  text: 'masquerade fully-random',
}
const rules: NatRules = { snat: [random], backEnds: ['nft'], unread: [], dns }

interface Counted {
  readonly failed: number
  readonly drop?: number
  readonly again?: number
  readonly out?: number
  readonly back?: number
}

const network = (
  { failed, drop = failed, again = 0, out = 0, back = 0 }: Counted,
  more: Partial<NetworkSeen> = {},
): NetworkSeen => ({
  kernel: { major: 5, minor: 15 },
  statistics: { broken: [], cpus: [{ insert_failed: failed, drop, clash_resolve: 1000 * failed }] },
  table: { count: 1, max: 262_144 },
  rules,
  pods: [{ namespace: '1', pid: 1, tcp: { synRetransmits: again }, udp: { in: back, out, refused: 0 } }],
  ...more,
})

/** What the two detectors say of the last of some rounds, a minute apart: of the path, and of losses. */
async function lastOf(rounds: readonly NetworkSeen[]): Promise<readonly (Verdict | undefined)[]> {
  let memory: Memory = new Map()
  let verdicts: readonly (Verdict | undefined)[] = []
  for (const [round, seen] of rounds.entries()) {
    const world = recordedWorld([[networkSeen, [{ ...seen, name: 'node-1' }]]], { source: { node: 'node-1' } })
    const at = { now: 0, ticks: round * 60_000, zones: machineZones() }
    const seenAt = await look({ hazards: own, vantages: ['node'], world, ...at, memory })
    memory = seenAt.memory
    verdicts = seenAt.judged.map(({ verdict }) => verdict)
  }
  return verdicts
}
const fact = (verdict: Verdict | undefined) =>
  verdict?.verdict === 'found' ? verdict.findings[0].fact : verdict?.verdict

describe('the path of questions', () => {
  const pathOf = async (more: Partial<NetworkSeen>) => (await lastOf([network({ failed: 0 }, more)]))[0]

  it.each([
    [3, 10, /drops one of two datagrams/],
    [4, 18, /drops one of two datagrams/],
    [4, 19, /resolves clashes only in part/],
    [5, 0, /only of datagrams that chose the same destination/],
    [5, 5, /only of datagrams that chose the same destination/],
    [5, 6, /^clear$/],
    [6, 1, /^clear$/],
  ])('through Linux %i.%i', async (major, minor, says) =>
    expect(fact(await pathOf({ kernel: { major, minor } }))).toMatch(says),
  )

  const kernel = { major: 4, minor: 15 }
  it('is clear past conntrack, or where nobody translates it', async () => {
    const cached = { ...rules, dns: { ...dns, untracked: ['interface nodelocaldns'] } }
    expect(await pathOf({ kernel, rules: cached })).toMatchObject({ verdict: 'clear' })
    const { dns: _, ...without } = rules
    expect(await pathOf({ kernel, rules: without })).toMatchObject({ verdict: 'clear' })
  })

  it('is not known without all rules, unless one was seen', async () => {
    const { dns: _, ...without } = rules
    const unread = ['iptables-legacy-save: no permission']
    expect(await pathOf({ kernel, rules: { ...without, unread } })).toMatchObject({ verdict: 'unknown' })
    expect(await pathOf({ kernel, rules: { ...rules, unread } })).toMatchObject({ verdict: 'found' })
    const noRaw = { ...rules, dns: { ...dns, unread: 'iptables-legacy-save -t raw: no permission' } }
    expect(await pathOf({ kernel, rules: noRaw })).toMatchObject({ verdict: 'unknown' })
    expect(await pathOf({ kernel, rules: { because: 'no permission' } })).toMatchObject({ verdict: 'unknown' })
  })
})

describe('losses', () => {
  const lossesOf = async (...rounds: readonly NetworkSeen[]) => (await lastOf(rounds))[1]

  it('are questions where datagrams are missing and SYNs are not', async () => {
    const said = await lossesOf(network({ failed: 0 }), network({ failed: 40, again: 2, out: 9000, back: 8960 }))
    expect(fact(said)).toBe(
      '40 packets were dropped within 60 s, of which 2 were SYNs; 40 datagrams of Pods got no answer',
    )
    expect(said).not.toMatchObject({ findings: [{ guess: true }] })
  })

  it.each([
    ['SYNs were sent again', { failed: 40, again: 40, out: 9000, back: 8995 }],
    ['as many of both are missing', { failed: 40, again: 40, out: 9000, back: 8960 }],
    ['all have their answers', { failed: 40, again: 0, out: 9000, back: 9000 }],
    ['there are too few', { failed: 4, again: 0, out: 9000, back: 8900 }],
    ['only resolved clashes and datagrams without an answer grow', { failed: 0, out: 9000, back: 10 }],
  ])('are none where %s', async (_, counted) =>
    expect(await lossesOf(network({ failed: 0 }), network(counted))).toMatchObject({ verdict: 'clear' }),
  )

  it('before 5.10 are those that were dropped: the others went on', async () => {
    const kernel = { major: 5, minor: 4 }
    const at = (counted: Counted) => network(counted, { kernel })
    const said = await lossesOf(at({ failed: 0 }), at({ failed: 900, drop: 30, out: 9000, back: 8970 }))
    expect(fact(said)).toMatch(/^30 packets were dropped/)
  })

  it('of a Pod that ended in between, and of one that only receives, say nothing', async () => {
    const other = (out: number, back: number) => ({
      ...{ namespace: '2', pid: 2, tcp: { synRetransmits: 0 }, udp: { in: back, out, refused: 0 } },
    })
    const pods = (...all: ReturnType<typeof other>[]) => ({ pods: all })
    const first = network({ failed: 0 }, pods(other(9000, 0)))
    expect(await lossesOf(first, network({ failed: 40, out: 9000, back: 8900 }))).toMatchObject({ verdict: 'clear' })
    const sink = { ...other(0, 9000), namespace: '3' }
    const both = network({ failed: 40 }, pods(other(9040, 0), sink))
    expect(fact(await lossesOf(network({ failed: 0 }, pods(other(9000, 0), sink)), both))).toMatch(/40 datagrams/)
  })

  it('under no racing rule are a guess on an old kernel whose Pods can not be read, and not known on a newer one', async () => {
    const pods = { because: 'no permission' }
    const of = (major: number) =>
      lossesOf(...[0, 40].map((failed) => network({ failed }, { pods, kernel: { major, minor: 4 } })))
    expect(await of(4)).toMatchObject({ findings: [{ reason: 'lost-questions', guess: true }] })
    expect(await of(6)).toMatchObject({
      because: '40 packets were lost, and what they were is not known: no counters of Pods were read',
    })
  })

  it('are not known where counters or rules were not read, at the first reading, and after a reset', async () => {
    const because = 'no permission'
    expect(await lossesOf(network({ failed: 0 }, { statistics: { because } }))).toMatchObject({ verdict: 'unknown' })
    expect(await lossesOf(network({ failed: 0 }))).toMatchObject({ verdict: 'unknown' })
    expect(await lossesOf(network({ failed: 90 }), network({ failed: 2 }))).toMatchObject({ verdict: 'unknown' })
    const unread = (failed: number) => network({ failed }, { rules: { because } })
    expect(await lossesOf(unread(0), unread(40))).toMatchObject({ verdict: 'unknown' })
  })
})

it('the cures say whom they do not help', async () => {
  const [, said] = await lastOf([network({ failed: 0 }), network({ failed: 40, out: 40 })])
  const steps = said?.verdict === 'found' ? said.findings[0].remedy.map(({ why }) => why) : []
  expect(steps.map((why) => /ignores|use-vc|NodeLocal DNSCache|kernel/.exec(why)?.[0])).toEqual([
    'ignores',
    'use-vc',
    'NodeLocal DNSCache',
    'kernel',
  ])
})
