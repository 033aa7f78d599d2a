import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseIptables } from './iptables-rules.ts'
import { parseNftJson, parseNftText } from './nft-rules.ts'
import type { SnatRule } from './snat-rules.ts'

const text = (name: string) => readFileSync(join(import.meta.dirname, 'fixtures/network', name), 'utf8')
const brief = ({ chain, position, target, ports, owner }: SnatRule) => [chain, position, target, ports, owner]

describe('rules of iptables that change the source', () => {
  it('are told by their target alone: not by comments, chains, or the statistic match', () => {
    const { snat, version, rules, truncated } = parseIptables(text('iptables-kind.txt'), 'iptables-nft')
    expect(snat.map(brief)).toEqual([
      ['KIND-MASQ-AGENT', 2, 'MASQUERADE', 'kept', 'kind'],
      ['KUBE-POSTROUTING', 3, 'MASQUERADE', 'fully-random', 'kube-proxy'],
    ])
    expect([version, rules, truncated]).toEqual(['1.8.7', 12, false])
  })

  it('may be random by a hash only, which still collides', () => {
    const { snat, version } = parseIptables(text('iptables-aws.txt'), 'iptables-legacy')
    expect(snat.map(brief)).toEqual([
      ['AWS-SNAT-CHAIN-0', 1, 'SNAT', 'random', 'AWS VPC CNI'],
      ['KUBE-POSTROUTING', 1, 'MASQUERADE', 'kept', 'kube-proxy'],
    ])
    expect(version).toBe('1.4.21')
  })

  it('have counters before them, and negations within', () => {
    const { snat } = parseIptables(text('iptables-cilium-calico.txt'), 'iptables-legacy')
    expect(snat.map((rule) => [...brief(rule), rule.packets])).toEqual([
      ['CILIUM_POST_nat', 1, 'MASQUERADE', 'kept', 'Cilium', 3],
      ['CILIUM_POST_nat', 4, 'SNAT', 'kept', 'Cilium', 5],
      ['CILIUM_POST_nat', 5, 'SNAT', 'kept', 'Cilium', 0],
      ['cali-nat-outgoing', 1, 'SNAT', 'fully-random', 'Calico', 7],
    ])
    expect(snat[0]?.text).toMatch(/^-A CILIUM_POST_nat -s 10\.154\.2\.0\/24 .* -j MASQUERADE$/)
  })

  it('of Docker and old flannel have no chain of their own', () => {
    expect(parseIptables(text('iptables-legacy-flannel.txt'), 'iptables-legacy').snat.map(brief)).toEqual([
      ['POSTROUTING', 1, 'MASQUERADE', 'kept', 'Docker'],
      ['POSTROUTING', 3, 'MASQUERADE', 'kept', 'flannel'],
      ['POSTROUTING', 4, 'MASQUERADE', 'kept', 'flannel'],
    ])
    expect(parseIptables(text('iptables-nft-kube-proxy.txt'), 'iptables-nft').snat.map(brief)).toEqual([
      ['KUBE-POSTROUTING', 1, 'MASQUERADE', 'fully-random', 'kube-proxy'],
    ])
  })

  it('are known to be incomplete where the text ends within a table', () => {
    const half = text('iptables-kind.txt').slice(0, -8)
    expect(parseIptables(half, 'iptables-nft')).toMatchObject({ truncated: true })
    expect(parseIptables('', 'iptables-nft')).toEqual({ snat: [], rules: 0, truncated: false })
  })

  it('may hold quotes in their comments', () => {
    const rule = '-A POSTROUTING -m comment --comment "say \\"-j MASQUERADE\\" twice" -j ACCEPT'
    const other = '-A POSTROUTING -m comment --comment "-j ACCEPT" -j MASQUERADE --random-fully'
    const { snat } = parseIptables(`*nat\n${rule}\n${other}\nCOMMIT\n`, 'iptables-nft')
    expect(snat.map(brief)).toEqual([['POSTROUTING', 2, 'MASQUERADE', 'fully-random', undefined]])
  })
})

describe('rules of nft that change the source', () => {
  it('are told in its text by their statement, behind counters and foreign matches', () => {
    const { snat, rules, foreign } = parseNftText(text('nft-calico.txt'))
    expect(snat.map(brief)).toEqual([
      ['KUBE-POSTROUTING', 3, 'MASQUERADE', 'fully-random', 'kube-proxy'],
      ['cali-POSTROUTING', 3, 'MASQUERADE', 'fully-random', 'Calico'],
      ['cali-nat-outgoing', 1, 'MASQUERADE', 'fully-random', 'Calico'],
    ])
    expect([rules, foreign]).toEqual([12, ['ip nat']])
  })

  it('are told in its JSON with their handles', () => {
    const rule = (handle: number, ...expr: object[]) => ({
      rule: { family: 'ip', table: 'nat', chain: 'post', handle, expr },
    })
    const all = [
      { metainfo: { version: '1.0.6' } },
      { chain: { family: 'ip', table: 'nat', name: 'post' } },
      rule(4, { counter: { packets: 7, bytes: 9 } }, { masquerade: null }),
      rule(5, { accept: null }),
      rule(6, { masquerade: { flags: 'fully-random' } }),
      rule(7, { snat: { addr: '192.0.2.1', flags: ['random', 'persistent'] } }),
    ]
    const { snat, rules } = parseNftJson(JSON.stringify({ nftables: all })) ?? { snat: [], rules: 0 }
    expect(snat.map((one) => [one.handle, ...brief(one), one.packets])).toEqual([
      [4, 'post', 1, 'MASQUERADE', 'kept', undefined, 7],
      [6, 'post', 3, 'MASQUERADE', 'fully-random', undefined, undefined],
      [7, 'post', 4, 'SNAT', 'random', undefined, undefined],
    ])
    expect(rules).toBe(4)
    expect(parseNftJson('no JSON')).toBeUndefined()
    expect(parseNftJson('{}')).toBeUndefined()
  })
})
