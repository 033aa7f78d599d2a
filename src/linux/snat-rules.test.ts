import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseIptables } from './iptables-rules.ts'
import { parseNftJson, parseNftText } from './nft-rules.ts'
import { ownerOf, switchOfOwner } from './snat-owners.ts'
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

  it('come with how many Services have chains of the mode iptables', () => {
    expect(
      parseIptables(':KUBE-SVC-A - [0:0]\n:KUBE-SEP-B - [0:0]\n:KUBE-SVC-C - [0:0]\n', 'iptables-nft').serviceChains,
    ).toBe(2)
    expect(parseIptables(text('iptables-aws.txt'), 'iptables-legacy').serviceChains).toBe(0)
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
    expect(parseIptables('', 'iptables-nft')).toEqual({
      snat: [],
      rules: 0,
      serviceChains: 0,
      truncated: false,
      incompatible: [],
      dns: { translated: [], untracked: [] },
    })
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

describe('rules that a tool leaves out', () => {
  it('are told of iptables-nft by a comment in the place of the table', () => {
    const printed = "# Table `nat' is incompatible, use 'nft' tool.\n"
    expect(parseIptables(printed, 'iptables-nft')).toMatchObject({ rules: 0, incompatible: ['nat'] })
  })

  it('are told of nft: targets of iptables have no options in its JSON', () => {
    const rule = (...expr: object[]) => ({
      rule: { family: 'ip', table: 'nat', chain: 'POSTROUTING', handle: 2, expr },
    })
    const read = (...rules: object[]) => parseNftJson(JSON.stringify({ nftables: rules }))
    const place = { family: 'ip', table: 'nat', chain: 'POSTROUTING' }
    const target = (name: string) => rule({ counter: null }, { xt: { type: 'target', name } })
    expect(read(target('MASQUERADE'), target('SNAT'))).toMatchObject({ snat: [], opaque: [place, place] })
    expect(read(target('DNAT'), rule({ xt: { type: 'match', name: 'comment' } }))?.opaque).toEqual([])
    // nft before 1.0.3 does not even name it.
    expect(read(rule({ xt: null }))?.opaque).toEqual([place])
  })

  it('are told in its text, where it was built without the libraries of iptables', () => {
    const chain = (line: string) => parseNftText(`table ip nat {\n\tchain POSTROUTING {\n\t\t${line}\n\t}\n}\n`)
    expect(chain('counter packets 0 bytes 0 xt target "MASQUERADE"')).toMatchObject({
      snat: [],
      opaque: [{ table: 'nat' }],
    })
    expect(chain('counter packets 0 bytes 0 xt target "DNAT"').opaque).toEqual([])
  })
})

describe('whoever makes a rule', () => {
  const none = { table: 'nat', chain: 'POSTROUTING', comment: '', words: '' }
  it.each([
    ['kube-proxy', { table: 'kube-proxy', chain: 'masquerading' }],
    ['kind', { table: 'kindnet-ipmasq', chain: 'postrouting' }],
    ['flannel', { table: 'flannel-ipv6', chain: 'postrtg' }],
    ['flannel', { comment: 'flanneld masq' }],
    ['CNI plugin', { table: 'cni_plugins_masquerade', chain: 'masq_checks' }],
    ['CNI plugin', { chain: 'CNI-0123456789abcdef01234567' }],
    ['CNI plugin', { chain: 'CNI-HOSTPORT-MASQ' }],
    ['ip-masq-agent', { chain: 'IP-MASQ-AGENT' }],
    ['ip-masq-agent', { chain: 'IP-MASQ' }],
    ['Podman', { chain: 'NETAVARK-1D8721804F16F' }],
    ['Antrea', { chain: 'ANTREA-POSTROUTING' }],
    ['Cilium', { chain: 'OLD_CILIUM_POST_nat' }],
    ['kube-router', { words: '-A POSTROUTING -m set --match-set kube-router-pod-subnets src -j MASQUERADE' }],
    ['Tailscale', { chain: 'ts-postrouting' }],
    ['libvirt', { chain: 'LIBVIRT_PRT' }],
    ['Docker', { table: 'docker-bridges', chain: 'nat-POSTROUTING' }],
    ['Docker', { words: '-A POSTROUTING -s 172.18.0.0/16 ! -o br-0123456789ab -j MASQUERADE' }],
  ])('is told: %s by %j', (owner, names) => {
    expect(ownerOf({ ...none, ...names })).toBe(owner)
    expect(switchOfOwner(owner)).toBeTruthy()
  })

  it('is told by the chain before the comment, and unknown where nothing tells', () => {
    expect(ownerOf({ ...none, chain: 'FLANNEL-POSTRTG', comment: 'cali:abc' })).toBe('flannel')
    expect(ownerOf({ ...none, comment: 'we copied KUBE-POSTROUTING' })).toBeUndefined()
    expect(switchOfOwner('nobody')).toBeUndefined()
  })
})

it('a rule is found whatever its comment says, and its words come back as they were', () => {
  const comment = fc.string({ unit: fc.constantFrom(...'"\\ -jMASQUERADESNT--random-fully[]:*#é') })
  const flags = fc.constantFrom(['kept', ''], ['random', ' --random'], ['fully-random', ' --random-fully'])
  const target = fc.constantFrom('MASQUERADE', 'SNAT --to-source 192.0.2.1', 'ACCEPT', 'KUBE-MARK-MASQ')
  fc.assert(
    fc.property(fc.array(fc.record({ comment, flags, target, counted: fc.boolean() }), { maxLength: 20 }), (rules) => {
      const lines = rules.map(({ comment: say, flags: [, words], target: to, counted }) => {
        const quoted = `"${say.replace(/["\\]/g, '\\$&')}"`
        return `${counted ? '[7:420] ' : ''}-A POSTROUTING -m comment --comment ${quoted} -j ${to}${words}`
      })
      const read = parseIptables(`*nat\n:POSTROUTING ACCEPT [0:0]\n${lines.join('\n')}\nCOMMIT\n`, 'iptables-nft')
      const wanted = rules.flatMap(({ target: to, flags: [ports] }, place) =>
        /^(?:MASQ|SNAT)/.test(to) ? [[place + 1, to.split(' ')[0], ports]] : [],
      )
      expect(read.snat.map(({ position, target: to, ports }) => [position, to, ports])).toEqual(wanted)
      expect(read.rules).toBe(rules.length)
    }),
  )
})

it('no text makes a parser throw', () => {
  const piece = fc.constantFrom(
    '*nat\n',
    '-A X ',
    '-j ',
    'SNAT',
    '"',
    '\\',
    '[1:',
    '] ',
    '\n',
    'table ip nat {\n',
    'chain a {\n',
    '}\n',
    'masquerade ',
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string())), fc.json(), (pieces, json) => {
      const any = pieces.join('')
      for (const { position } of [...parseIptables(any, 'iptables-nft').snat, ...parseNftText(any).snat])
        expect(position).toBeGreaterThan(0)
      expect(parseNftJson(any)).toBeUndefined()
      expect(parseNftJson(json)?.snat ?? []).toEqual([])
    }),
  )
})

it('JSON of another shape than nft prints is none, not a crash', () => {
  for (const shape of [
    [null],
    [1],
    [{ rule: null }],
    [{ rule: {} }],
    [{ rule: { expr: [null] } }],
    [{ rule: { expr: 1 } }],
  ])
    expect(parseNftJson(JSON.stringify({ nftables: shape }))?.snat ?? []).toEqual([])
})
