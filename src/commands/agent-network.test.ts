import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nodeWorld } from '../agent/round.ts'
import { look } from '../engine/look.ts'
import { hazards } from '../hazards/index.ts'
import { ipvsSeen } from '../linux/ipvs.ts'
import { machineZones } from '../node/time-zones.ts'
import { networkOf } from './agent-network.ts'

const runtime = {
  name: 'containerd',
  socket: '/s',
  answers: { ms: 1 },
  lists: { ms: 1 },
  containers: 0,
  inspected: 0,
  mute: 0,
} as const

describe('the network of a recorded node', () => {
  let root: string
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'roadcrew-agent-network-'))
  })
  afterEach(() => rmSync(root, { recursive: true }))
  const file = (name: string, text: string): void => {
    mkdirSync(dirname(join(root, 'proc', name)), { recursive: true })
    writeFileSync(join(root, 'proc', name), text)
  }
  const eyes = (network: boolean, ticks = () => 0, spare = 0) =>
    networkOf(
      // The options that commander gives for --network alone.
      { network: network || undefined, hostRoot: root } as Parameters<typeof networkOf>[0],
      { ticks } as Parameters<typeof networkOf>[1],
      spare,
    )

  it('is not looked at unless it is asked for', () => expect(Object.keys(eyes(false))).toEqual(['forgetRules']))

  it.each([
    [0, [1, 2, 3]],
    [10, [1, 1, 3]],
  ])('is spared: IPVS is told again for %i times of what it took', async (spare, counts) => {
    const header =
      'IP Virtual Server version 1.2.1 (size=4096)\nProt LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n'
    let now = 0
    // Each look at this clock takes 1 s, so that a reading takes 1 s.
    const { ipvs } = eyes(true, () => (now += 1000), spare)
    const seen: (number | undefined)[] = []
    for (const [look, pause] of [0, 5000, 20_000].entries()) {
      now += pause
      file('1/net/ip_vs', header + 'TCP  0A600001:01BB rr \n'.repeat(look + 1))
      const table = (await ipvs?.())?.table
      seen.push(table && 'services' in table ? table.services.length : undefined)
    }
    expect(seen).toEqual(counts)
  })

  it('goes from the files of IPVS to what is said of the node', async () => {
    const table = join(import.meta.dirname, '../linux/fixtures/network/ip_vs-1.2.1.txt')
    mkdirSync(join(root, 'proc/1/net'), { recursive: true })
    cpSync(table, join(root, 'proc/1/net/ip_vs'))
    file('sys/kernel/osrelease', '4.18.0-553.el8_10.x86_64\n')
    file('1/net/dev', 'Inter-|   Receive\n face |bytes\nkube-ipvs0: 0 0\n')
    for (const name of ['conn_reuse_mode', 'conntrack', 'expire_nodest_conn', 'expire_quiescent_template'])
      file(`sys/net/ipv4/vs/${name}`, '1\n')
    const ipvs = await eyes(true).ipvs?.()
    if (!ipvs) throw new Error('not read')
    const world = nodeWorld('node-1', { runtime, containers: [], ipvs })
    const own = hazards.filter(({ node = [] }) => node.some(({ of }) => of.kinds.includes(ipvsSeen)))
    expect(own).toHaveLength(1)
    const { judged } = await look({
      hazards: own,
      vantages: ['node'],
      world,
      now: 0,
      ticks: 0,
      zones: machineZones(),
      memory: new Map(),
    })
    const said = judged.flatMap(({ verdict }) =>
      verdict.verdict === 'found' ? verdict.findings.map(({ reason }) => reason) : verdict.verdict,
    )
    // Routes, ipvsadm and rules were not recorded, and weight 0 needs a second look.
    expect(said.toSorted()).toEqual(['reuse-delays', 'unknown', 'unknown', 'unknown', 'unknown', 'way-out-blocked'])
  })
})
