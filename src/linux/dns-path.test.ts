import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cacheInterface, dnsOfIpvs, dnsPathOfNft } from './dns-path.ts'
import { parseIptables } from './iptables-rules.ts'
import { parseUdpCounters } from './udp-counters.ts'

const pathOf = (table: string, ...rules: readonly string[]) =>
  parseIptables(`*${table}\n${rules.join('\n')}\nCOMMIT\n`, 'iptables-nft').dns

describe('rules of iptables that translate questions to DNS', () => {
  it('are told in what a node of kind saves', () => {
    const text = readFileSync(join(import.meta.dirname, 'fixtures/network/iptables-kind.txt'), 'utf8')
    expect(parseIptables(text, 'iptables-nft').dns.translated.map(({ by }) => by)).toContain('kube-proxy')
  })

  it.each([
    [
      'a Service, whatever port its Pods have',
      '-A KUBE-SERVICES -d 10.96.0.10/32 -p udp -m comment --comment "kube-system/kube-dns:dns cluster IP" -m udp --dport 53 -j KUBE-SVC-TCOU7JCQXEZGVUNU',
      1,
    ],
    [
      'a DNAT to the port',
      '[3:180] -A KUBE-SEP-A -p udp -m comment --comment "kube-system/kube-dns:dns" -m udp -j DNAT --to-destination 10.244.0.3:53',
      1,
    ],
    ['a DNAT of the port', '-A PREROUTING -p udp -m udp --dport 53 -j DNAT --to-destination 10.0.0.1:5353', 1],
    ['TCP', '-A KUBE-SEP-A -p tcp -m tcp -j DNAT --to-destination 10.244.0.3:53', 0],
    ['another port', '-A KUBE-SEP-A -p udp -m udp -j DNAT --to-destination 10.244.0.3:5353', 0],
    ['a port that begins alike', '-A KUBE-SERVICES -d 10.96.0.9/32 -p udp -m udp --dport 5353 -j KUBE-SVC-A', 0],
    ['a mark', '-A KUBE-SERVICES ! -s 10.244.0.0/16 -d 10.96.0.10/32 -p udp -m udp --dport 53 -j KUBE-MARK-MASQ', 0],
    [
      "Docker's own DNS of a container",
      '-A DOCKER_OUTPUT -d 127.0.0.11/32 -p udp -m udp --dport 53 -j DNAT --to-destination 127.0.0.11:37291',
      0,
    ],
  ])('%s', (_, rule, count) => expect(pathOf('nat', rule).translated).toHaveLength(count))

  it('are no more than a few of many', () =>
    expect(
      pathOf(
        'nat',
        ...Array.from({ length: 50 }, (_, n) => `-A KUBE-SEP-${n} -p udp -j DNAT --to-destination 10.244.0.${n}:53`),
      ).translated,
    ).toHaveLength(5))

  it('do nothing for what passes conntrack by', () => {
    const rule =
      '-A PREROUTING -d 169.254.20.10/32 -p udp -m udp --dport 53 -m comment --comment "NodeLocal DNS Cache: skip conntrack" -j'
    expect(pathOf('raw', `${rule} NOTRACK`).untracked).toHaveLength(1)
    expect(pathOf('raw', `${rule} CT --notrack`).untracked).toHaveLength(1)
    expect(pathOf('raw', `${rule} CT --zone 1`, rule.replaceAll('udp', 'tcp')).untracked).toEqual([])
    expect(pathOf('nat', `${rule} NOTRACK`).untracked).toEqual([])
  })
})

describe('rules of nft', () => {
  /** As nft 1.0.6 lists them. */
  const udp = { match: { op: '==', left: { meta: { key: 'l4proto' } }, right: 'udp' } }
  const dport = { match: { op: '==', left: { payload: { protocol: 'udp', field: 'dport' } }, right: 53 } }
  const rule = (table: string, ...expr: object[]) => ({ rule: { table, chain: 'one', expr } })

  it('translate by DNAT, and by the map of the Services', () => {
    const dnat = rule('kube-proxy', udp, { dnat: { addr: '10.244.0.3', port: 53 } })
    const elem = [[{ concat: ['10.96.0.10', 'udp', 53] }, { goto: { target: 'e1' } }]]
    const map = { map: { table: 'kube-proxy', elem } }
    const own = rule('own', dport, { dnat: { addr: '10.0.0.1' } })
    expect(dnsPathOfNft([dnat, map, own]).translated.map(({ by }) => by)).toEqual(['kube-proxy', 'kube-proxy', 'one'])
  })

  it('are others', () => {
    const others = [
      rule('kube-proxy', udp, { dnat: { addr: '10.244.0.3', port: 5353 } }),
      rule('own', { dnat: { addr: '10.0.0.1', port: 53 } }),
      { map: { table: 'kube-proxy', elem: [[{ concat: ['10.96.0.10', 'tcp', 53] }, { goto: { target: 'e1' } }]] } },
      { map: { table: 'empty' } },
      {},
    ]
    expect(dnsPathOfNft(others)).toEqual({ translated: [], untracked: [] })
  })

  it('keep them out of conntrack', () =>
    expect(dnsPathOfNft([rule('own', dport, { notrack: null })]).untracked).toHaveLength(1))
})

it('virtual servers of IPVS are hexadecimal', () => {
  const text = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
TCP  0A60000A:0035 rr
  -> 0AF40003:0035      Masq    1      0          0
UDP  0A60000A:0035 rr
  -> 0AF40003:0035      Masq    1      0          4
UDP  0A60000B:0050 rr
`
  expect(dnsOfIpvs(text)).toEqual([{ by: 'IPVS', text: 'UDP  0A60000A:0035 rr' }])
})

it('the interface of NodeLocal DNSCache is told by its name', () => {
  expect(cacheInterface('Inter-|   Receive\n    lo: 1 2\nnodelocaldns: 0 0\n')).toBe('interface nodelocaldns')
  expect(cacheInterface('    lo: 1 2\n xnodelocaldns: 0\n')).toBeUndefined()
})

it('UDP has its own counters, which are not those of UdpLite', () => {
  const names = 'InDatagrams NoPorts InErrors OutDatagrams RcvbufErrors'
  const snmp = `Tcp: RtoMin\nTcp: 200\nUdp: ${names}\nUdp: 900 3 4 950 1\nUdpLite: ${names}\nUdpLite: 1 1 1 1 1\n`
  expect(parseUdpCounters(snmp)).toEqual({ in: 900, out: 950, refused: 7 })
  expect(parseUdpCounters('Tcp: RtoMin\nTcp: 200\n')).toBeUndefined()
})
