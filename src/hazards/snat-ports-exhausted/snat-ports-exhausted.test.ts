import { describe, expect, it } from 'vitest'
import type { Verdict } from '../../contract/hazard.ts'
import { recordedWorld } from '../../engine/fixtures/recorded-world.ts'
import { look, type Memory } from '../../engine/look.ts'
import { type NetworkSeen, networkSeen } from '../../linux/network.ts'
import type { SnatRule } from '../../linux/snat-rules.ts'
import { machineZones } from '../../node/time-zones.ts'
import { hazards } from '../index.ts'

const own = hazards.filter(({ id }) => id === 'snat-ports-exhausted')

const rule: SnatRule = {
  ...{ backEnd: 'iptables-nft', family: 'ip', table: 'nat', chain: 'POSTROUTING', position: 1, target: 'MASQUERADE' },
  ports: 'fully-random',
  text: '-A POSTROUTING -j MASQUERADE --random-fully',
}
const under = (...snat: readonly SnatRule[]) => ({ snat, backEnds: ['iptables-nft'], unread: [] })

const flows = (count: number, min = 1024, max = 65_535): Partial<NetworkSeen> => ({
  destinations: {
    busiest: [{ protocol: 'tcp', to: '198.51.100.7:443', from: '192.0.2.1', flows: count, ports: { min, max } }],
  },
})

const network = (failed: number, more: Partial<NetworkSeen> = {}): NetworkSeen => ({
  kernel: { major: 6, minor: 1 },
  statistics: { broken: [], cpus: [{ insert_failed: failed, drop: failed, chaintoolong: 0 }] },
  table: { count: 70_000, max: 262_144 },
  rules: under(rule),
  pods: [],
  destinations: { busiest: [] },
  ...more,
})

async function lastOf(...rounds: readonly NetworkSeen[]): Promise<Verdict | undefined> {
  let memory: Memory = new Map()
  let verdict: Verdict | undefined
  for (const [round, seen] of rounds.entries()) {
    const world = recordedWorld([[networkSeen, [{ ...seen, name: 'node-1' }]]], { source: { node: 'node-1' } })
    const at = { now: 0, ticks: round * 60_000, zones: machineZones() }
    const seenAt = await look({ hazards: own, vantages: ['node'], world, ...at, memory })
    memory = seenAt.memory
    verdict = seenAt.judged[0]?.verdict
  }
  return verdict
}
const reason = (verdict: Verdict | undefined) =>
  verdict?.verdict === 'found' ? verdict.findings[0].reason : verdict?.verdict

describe('a destination', () => {
  it.each([
    [58_060, 'clear'],
    [58_061, 'near-its-range'],
    [64_512, 'near-its-range'],
  ])('with %i of the 64,512 ports of a rule without a range: %s', async (count, is) => {
    const rounds = [network(7, flows(count)), network(7, flows(count))]
    expect(reason(await lastOf(...rounds))).toBe(is)
  })

  it('is judged by the smallest range that holds its ports, and by no other', async () => {
    const narrow = { ...rule, text: '-A POSTROUTING -p tcp -j MASQUERADE --to-ports 20000-20999 --random-fully' }
    const rules = under(rule, narrow)
    const at = (min: number, max: number) => network(0, { ...flows(950, min, max), rules })
    expect(reason(await lastOf(at(20_001, 20_998)))).toBe('near-its-range')
    expect(reason(await lastOf(at(19_999, 20_998), at(19_999, 20_998)))).toBe('clear')
  })

  it('without a port left loses packets, also under a rule that races', async () => {
    const said = await lastOf(network(0, flows(64_500)), network(90, flows(64_500)))
    expect(reason(said)).toBe('no-port-left')
    expect(said).toMatchObject({
      findings: [
        {
          state: 'occurring',
          fact: '90 packets lost their place in the conntrack table within 60 s, while 64500 flows of tcp from 192.0.2.1 to 198.51.100.7:443 share the 64512 source ports that there are',
        },
      ],
    })
    const racing = { ...flows(64_500), rules: under({ ...rule, ports: 'kept' }) }
    expect(reason(await lastOf(network(0, racing), network(90, racing)))).toBe('no-port-left')
  })

  it('that has ports again is not found for what was lost before', async () => {
    const rounds = [network(0, flows(64_500)), network(90, flows(64_500)), network(90)]
    expect(reason(await lastOf(...rounds))).toBe('unknown')
    expect(reason(await lastOf(...rounds, network(90)))).toBe('clear')
  })
})

describe('losses', () => {
  it('are this as a guess where all rules are random, and none under one that races', async () => {
    expect(await lastOf(network(0), network(90))).toMatchObject({
      findings: [{ reason: 'despite-random', guess: true, severity: 'medium' }],
    })
    const racing = { rules: under({ ...rule, ports: 'random' }) }
    expect(reason(await lastOf(network(0, racing), network(90, racing)))).toBe('clear')
    expect(reason(await lastOf(network(0), network(4)))).toBe('clear')
  })

  it('are questions to DNS where those are missing', async () => {
    const dns = { translated: [{ by: 'IPVS', text: 'UDP  0A60000A:0035 rr' }], untracked: [] }
    const at = (failed: number) =>
      network(failed, {
        rules: { ...under(rule), dns },
        pods: [{ namespace: '1', pid: 1, tcp: { synRetransmits: 0 }, udp: { in: 0, out: failed, refused: 0 } }],
      })
    expect(reason(await lastOf(at(0), at(90)))).toBe('clear')
  })
})

it('what could not be read is not clear', async () => {
  const because = 'no permission'
  expect(await lastOf(network(0))).toMatchObject({ verdict: 'unknown' })
  const twice = (more: Partial<NetworkSeen>) => lastOf(network(0, more), network(0, more))
  expect(await twice({ destinations: { because } })).toMatchObject({
    because: 'how many flows go to each destination was not read: no permission',
  })
  expect(await twice({ statistics: { because } })).toMatchObject({
    because: 'insert_failed was not read: no permission',
  })
  expect(reason(await twice({ statistics: { because }, ...flows(64_500) }))).toBe('near-its-range')
})
