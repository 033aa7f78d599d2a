import { describe, expect, it } from 'vitest'
import { FlowCount, nearest } from './destinations.ts'
import { namedRange, smallestRange, usualRange } from './port-range.ts'
import type { SnatRule } from './snat-rules.ts'

/** As conntrack 1.4.7 and Linux 6.18 print them. */
const entries = [
  'ipv4     2 tcp      6 431999 ESTABLISHED src=10.244.0.2 dst=198.51.100.7 sport=40000 dport=443 src=198.51.100.7 dst=192.0.2.1 sport=443 dport=1031 [ASSURED] mark=0 use=1',
  'tcp      6 117 TIME_WAIT src=10.244.0.3 dst=198.51.100.7 sport=40000 dport=443 src=198.51.100.7 dst=192.0.2.1 sport=443 dport=64999 [ASSURED] mark=0 use=1',
  // The node's own, whose port is taken too.
  'ipv4     2 tcp      6 431999 ESTABLISHED src=192.0.2.1 dst=198.51.100.7 sport=900 dport=443 src=198.51.100.7 dst=192.0.2.1 sport=443 dport=900 [ASSURED] mark=0 zone=0 use=2',
  // To a Service: what it goes to is the Pod behind it.
  'ipv4     2 udp      17 27 src=10.244.0.2 dst=10.96.0.10 sport=40000 dport=53 [UNREPLIED] src=10.244.1.3 dst=192.0.2.1 sport=53 dport=2000 mark=0 use=1',
  // Nobody's source was changed.
  'ipv4     2 tcp      6 10 CLOSE src=10.244.0.2 dst=10.244.0.3 sport=40000 dport=80 src=10.244.0.3 dst=10.244.0.2 sport=80 dport=40000 mark=0 use=1',
  'ipv4     2 icmp     1 29 src=10.244.0.2 dst=198.51.100.7 type=8 code=0 id=1 src=198.51.100.7 dst=192.0.2.1 type=0 code=0 id=1 mark=0 use=1',
  'ipv6     10 tcp      6 431999 ESTABLISHED src=fd00::2 dst=2001:db8::7 sport=40000 dport=443 src=2001:db8::7 dst=2001:db8::1 sport=443 dport=5000 [ASSURED] mark=0 use=1',
]

const counted = (lines: readonly string[]): FlowCount => {
  const count = new FlowCount()
  for (const line of lines) count.add(line)
  return count
}

describe('flows', () => {
  it('are counted by where they go, and from which address', () => {
    expect(counted(entries).busiest(10)).toEqual([
      { protocol: 'tcp', from: '192.0.2.1', to: '198.51.100.7:443', flows: 3, ports: { min: 1031, max: 64_999 } },
      { protocol: 'udp', from: '192.0.2.1', to: '10.244.1.3:53', flows: 1, ports: { min: 2000, max: 2000 } },
      { protocol: 'tcp', from: '2001:db8::1', to: '[2001:db8::7]:443', flows: 1, ports: { min: 5000, max: 5000 } },
    ])
    expect(counted(entries).busiest(1)).toHaveLength(1)
  })

  it('are no lines of another sort', () => {
    const count = new FlowCount()
    const others = [
      '',
      'conntrack v1.4.7: 3 flow entries have been shown.',
      entries[0]?.slice(0, 60) ?? '',
      ' src= src=',
    ]
    expect(others.map((line) => count.add(line))).toEqual([false, false, false, true])
    expect(count.busiest(5)).toEqual([])
  })

  it('to a few destinations are told from among 100,000 others', () => {
    const count = new FlowCount()
    const flow = (to: string, port: number) =>
      `tcp 6 9 X src=10.0.0.1 dst=${to} sport=1 dport=443 src=${to} dst=192.0.2.1 sport=443 dport=${port}`
    for (let n = 0; n < 100_000; n++) {
      count.add(flow(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`, 3000))
      if (n % 2 === 0) count.add(flow('198.51.100.7', 1024 + n / 2))
    }
    const [first] = count.busiest(1)
    expect(first).toMatchObject({ to: '198.51.100.7:443', ports: { min: 1024, max: 51_023 } })
    expect(50_000 - (first?.flows ?? 0)).toBeLessThan(5)
  })
})

describe('the ports of a rule', () => {
  it.each([
    ['-A POSTROUTING -j MASQUERADE --random-fully', undefined],
    ['-A POSTROUTING -p tcp --dport 53 -j MASQUERADE --to-ports 1024-1123 --random-fully', [1024, 1123]],
    ['-A POSTROUTING -p tcp -j MASQUERADE --to-ports 1024', [1024, 1024]],
    ['-A POSTROUTING -j SNAT --to-source 192.0.2.1', undefined],
    ['-A POSTROUTING -p tcp -j SNAT --to-source 192.0.2.1-192.0.2.4:1024-1123 --random-fully', [1024, 1123]],
    ['-A POSTROUTING -p tcp -j SNAT --to-source [2001:db8::1]:1024-1123', [1024, 1123]],
    ['-A POSTROUTING -j SNAT --to-source 2001:db8::1', undefined],
  ])('of iptables: %s', (text, is) => {
    const found = namedRange({ backEnd: 'iptables-nft', text })
    expect(found && [found.min, found.max]).toEqual(is)
  })

  it.each([
    ['[{"masquerade":{"port":{"range":[1024,2048]},"flags":"fully-random"}}]', [1024, 2048]],
    ['[{"snat":{"addr":{"prefix":{"addr":"1.2.3.4","len":31}},"port":1024,"flags":"random"}}]', [1024, 1024]],
    ['[{"masquerade":{"flags":"fully-random"}}]', undefined],
    ['[{"masquerade":null}]', undefined],
    ['meta l4proto tcp masquerade to :1024-2048 fully-random', [1024, 2048]],
    ['ip protocol tcp snat to 1.2.3.4:1024-2048 fully-random', [1024, 2048]],
    ['ip protocol tcp snat to 1.2.3.4/31:1024 random', [1024, 1024]],
    ['ip saddr 10.0.0.0/8 snat to 1.2.3.4', undefined],
    ['snat ip6 to 2001:db8::1', undefined],
    ['snat ip6 to [2001:db8::1]:1024-2048', [1024, 2048]],
    ['ip saddr 10.0.0.0/8 masquerade fully-random', undefined],
  ])('of nft: %s', (text, is) => {
    const found = namedRange({ backEnd: 'nft', text })
    expect(found && [found.min, found.max]).toEqual(is)
  })

  const rule = (text: string) => ({ backEnd: 'iptables-nft', text }) as SnatRule
  const [wide, narrow] = [rule('-j MASQUERADE'), rule('-p tcp -j MASQUERADE --to-ports 1024-1123')]

  it('are the smallest of all, to tell from how many entries on one may run out', () => {
    expect(smallestRange([])).toEqual(usualRange)
    expect(smallestRange([wide, narrow])).toEqual({ min: 1024, max: 1123 })
  })

  it('are nearly gone for the destination that uses most of its own range, not for the one with most flows', () => {
    const one = {
      protocol: 'tcp',
      from: '192.0.2.1',
      to: '198.51.100.7:443',
      flows: 30_000,
      ports: { min: 1024, max: 65_000 },
    }
    const other = { ...one, to: '198.51.100.8:443', flows: 95, ports: { min: 1024, max: 1123 } }
    expect(nearest({ busiest: [one, other] }, [wide, narrow])).toMatchObject({ destination: other, used: 0.95 })
    expect(nearest({ busiest: [one, other] }, [wide])).toMatchObject({ destination: one })
    expect(nearest({ busiest: [] }, [wide])).toBeUndefined()
  })
})
