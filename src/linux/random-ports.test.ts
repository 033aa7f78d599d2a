import { describe, expect, it } from 'vitest'
import { parseIptables } from './iptables-rules.ts'
import { parseNftJson, parseNftText } from './nft-rules.ts'
import { fullyRandom, whyNotRandom } from './random-ports.ts'
import type { SnatRule } from './snat-rules.ts'

const iptables = (text: string): SnatRule => {
  const [rule] = parseIptables(`*nat\n[4:240] ${text}\nCOMMIT\n`, 'iptables-legacy').snat
  if (!rule) throw new Error(`no rule: ${text}`)
  return rule
}
const nft = (...expr: readonly unknown[]): SnatRule => {
  const rule = { family: 'ip', table: 'own', chain: 'post', handle: 4, expr }
  const [read] = parseNftJson(JSON.stringify({ nftables: [{ rule }] }))?.snat ?? []
  if (!read) throw new Error('no rule')
  return read
}

describe('a rule with fully random ports', () => {
  it.each([
    ['-A POSTROUTING -j MASQUERADE', '-A POSTROUTING -j MASQUERADE --random-fully'],
    ['-A POSTROUTING -j MASQUERADE --random', '-A POSTROUTING -j MASQUERADE --random-fully'],
    [
      '-A X -p tcp -m comment --comment "use --random not" -j MASQUERADE --to-ports 1024-2000 --random',
      '-A X -p tcp -m comment --comment "use --random not" -j MASQUERADE --to-ports 1024-2000 --random-fully',
    ],
    [
      '-A X -j SNAT --to-source 192.0.2.1 --random --persistent',
      '-A X -j SNAT --to-source 192.0.2.1 --persistent --random-fully',
    ],
    ['-A X -j MASQUERADE --random-fully', undefined],
  ])('%s', (before, after) => expect(fullyRandom(iptables(before))).toBe(after))

  it.each([
    [{ masquerade: null }, { masquerade: { flags: 'fully-random' } }],
    [{ masquerade: { flags: 'random' } }, { masquerade: { flags: 'fully-random' } }],
    [{ masquerade: { flags: ['random', 'persistent'] } }, { masquerade: { flags: ['persistent', 'fully-random'] } }],
    [{ snat: { addr: '192.0.2.1', port: 7 } }, { snat: { addr: '192.0.2.1', port: 7, flags: 'fully-random' } }],
  ])('of nft: %j', (before, after) => {
    expect(fullyRandom(nft({ counter: { packets: 4, bytes: 240 } }, before))).toBe(
      JSON.stringify([{ counter: null }, after]),
    )
  })

  it('of nft is not made up where nft does not name all of its parts', () => {
    expect(fullyRandom(nft({ xt: { type: 'match', name: 'comment' } }, { masquerade: null }))).toBeUndefined()
    expect(fullyRandom(nft({ xt: null }, { masquerade: null }))).toBeUndefined()
    const [text] = parseNftText('table ip own {\nchain post {\ncounter packets 4 bytes 240 masquerade\n}\n}').snat
    expect(text && [text.text, text.packets, fullyRandom(text)]).toEqual(['counter masquerade', 4, undefined])
  })
})

it('what a rule has counted is no part of it', () => {
  const at = (packets: number) => nft({ counter: { packets, bytes: 60 * packets } }, { masquerade: null })
  expect([at(1).packets, at(9).packets]).toEqual([1, 9])
  expect(at(1).text).toBe(at(9).text)
  expect(nft({ counter: 'own-name' }, { masquerade: null }).text).toContain('own-name')
})

it.each([
  [{ major: 3, minor: 10 }, {}, /this kernel, 3\.10/],
  [{ major: 3, minor: 14 }, {}, undefined],
  [{ major: 6, minor: 1 }, { 'iptables-legacy': '1.6.1' }, /iptables 1\.6\.1 has no --random-fully for MASQUERADE/],
  [{ major: 6, minor: 1 }, { 'iptables-legacy': '1.6.2' }, undefined],
  [{ major: 6, minor: 1 }, { 'iptables-legacy': '1.8' }, undefined],
  [{ major: 6, minor: 1 }, { 'iptables-nft': '1.4.21' }, undefined],
  [undefined, {}, undefined],
])('on kernel %j with %j: %s', (kernel, versions, why) => {
  const told = whyNotRandom(iptables('-A POSTROUTING -j MASQUERADE'), kernel, versions)
  if (why) expect(told).toMatch(why)
  else expect(told).toBeUndefined()
})
