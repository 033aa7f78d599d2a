import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readNetwork } from './network.ts'

describe('a recorded node', () => {
  let proc: string
  beforeEach(() => {
    proc = mkdtempSync(join(tmpdir(), 'roadcrew-network-'))
  })
  afterEach(() => rmSync(proc, { recursive: true }))
  const file = (path: string, text: string): void => {
    mkdirSync(dirname(join(proc, path)), { recursive: true })
    writeFileSync(join(proc, path), text)
  }
  const rules = { because: 'not of interest' }
  const read = () => readNetwork({ proc, toolMs: 5000, rules })

  it('without statistics in /proc has a table all the same, and says why there are no counters', async () => {
    file('sys/kernel/osrelease', '5.15.0-76-generic\n')
    file('sys/net/netfilter/nf_conntrack_count', '385\n')
    file('sys/net/netfilter/nf_conntrack_max', '262144\n')
    expect((await read()).table).toEqual({ count: 385, max: 262_144 })
    file('sys/net/netfilter/nf_conntrack_buckets', '65536\n')
    const seen = await read()
    expect(seen).toMatchObject({
      kernel: { major: 5, minor: 15 },
      table: { count: 385, max: 262_144, buckets: 65_536 },
      rules,
    })
    // conntrack itself may be here: it then tells of this machine, not of the recorded one.
    if ('because' in seen.statistics) expect(seen.statistics.because).toMatch(/nf_conntrack": ENOENT; conntrack -S: /)
  })

  it('without a table has no conntrack', async () => {
    expect((await read()).table).toEqual({
      because: 'there is no net.netfilter.nf_conntrack_count: conntrack is not loaded, or no rule uses it',
    })
  })

  it("counts connections in each Pod's own namespace, once for all of its processes", async () => {
    const netstat = (again: number) => `TcpExt: TCPTimeouts TCPSynRetrans\nTcpExt: 0 ${again}\n`
    const snmp = 'Tcp: RtoMin ActiveOpens\nTcp: 200 12\nUdp: InDatagrams NoPorts OutDatagrams\nUdp: 40 1 44\n'
    const udp = { in: 40, out: 44, refused: 1 }
    for (const [pid, namespace, again] of [
      [1, 100, 0],
      [20, 100, 0],
      [30, 200, 7],
      [31, 200, 7],
      [40, 300, 9],
    ] as const) {
      file(`${pid}/net/netstat`, netstat(again))
      file(`${pid}/net/snmp`, snmp)
      mkdirSync(join(proc, `${pid}/ns`), { recursive: true })
      symlinkSync(`net:[${namespace}]`, join(proc, `${pid}/ns/net`))
    }
    expect((await read()).pods).toEqual([
      { namespace: '200', pid: 30, tcp: { activeOpens: 12, synRetransmits: 7, timeouts: 0 }, udp },
      { namespace: '300', pid: 40, tcp: { activeOpens: 12, synRetransmits: 9, timeouts: 0 }, udp },
    ])
  })

  it('whose namespaces may not be seen says so', async () => {
    expect((await read()).pods).toMatchObject({ because: expect.stringContaining('ns/net') })
  })
})
