import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { NatRules, NotRead } from '../linux/network.ts'
import { readNatRules } from './nat-rules.ts'

const saved = (rule: string): string => `*nat\n:POSTROUTING ACCEPT [0:0]\n${rule}\nCOMMIT\n`
const plain = saved('[1:60] -A POSTROUTING -j MASQUERADE')
const random = saved('[1:60] -A POSTROUTING -j MASQUERADE --random-fully')
const nothing = saved('')
const emptyJson = '{"nftables": []}'
const json = (...expr: object[]): string =>
  JSON.stringify({ nftables: [{ rule: { family: 'ip', table: 'nat', chain: 'POSTROUTING', handle: 3, expr } }] })

describe('rules as fake tools print them', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'roadcrew-rules-'))
    for (const name of ['bin', 'net', 'ran']) mkdirSync(join(folder, name))
    vi.stubEnv('PATH', join(folder, 'bin'))
  })
  afterEach(() => {
    vi.unstubAllEnvs()
    rmSync(folder, { recursive: true })
  })

  /** A tool of this name is all that is in PATH; it leaves a mark when it runs. */
  const fake = (name: string, script: string): void => {
    const path = join(folder, 'bin', name)
    writeFileSync(path, `#!/bin/sh\n: > ${join(folder, 'ran', name)}\n${script}\n`)
    chmodSync(path, 0o755)
  }
  const prints = (name: string, text: string): void => fake(name, `/bin/cat <<'END'\n${text}END`)
  const legacyHas = (names: string): void => writeFileSync(join(folder, 'net/ip_tables_names'), names)
  const read = (toolMs = 5000): Promise<NatRules | NotRead> => readNatRules(join(folder, 'net'), { toolMs })
  const brief = (seen: NatRules | NotRead) =>
    'because' in seen ? seen : { ...seen, snat: seen.snat.map(({ backEnd, ports }) => `${backEnd} ${ports}`) }

  it('of both back ends are both live', async () => {
    legacyHas('nat\n')
    prints('iptables-legacy-save', plain)
    prints('iptables-nft-save', random)
    prints('ip6tables-nft-save', nothing)
    prints('nft', emptyJson)
    expect(brief(await read())).toEqual({
      snat: ['iptables-legacy kept', 'iptables-nft fully-random'],
      backEnds: ['iptables-legacy', 'iptables-nft'],
      unread: [],
      serviceChains: 0,
    })
  })

  it('are not asked of iptables-legacy where it has no table nat: asking would make one', async () => {
    legacyHas('filter\n')
    fake('iptables-legacy-save', 'exit 1')
    prints('iptables-nft-save', random)
    prints('nft', emptyJson)
    expect(brief(await read())).toMatchObject({ backEnds: ['iptables-nft'], unread: [] })
  })

  it('of iptables-legacy without its tool are not known, and never clear', async () => {
    legacyHas('nat\n')
    prints('iptables-nft-save', random)
    prints('nft', emptyJson)
    expect(await read()).toMatchObject({ unread: [expect.stringContaining('iptables-legacy-save is not here')] })
  })

  it('of an old host are read by its only iptables-save', async () => {
    legacyHas('nat\n')
    prints('iptables', 'iptables v1.4.21\n')
    prints('iptables-save', plain)
    expect(brief(await read())).toEqual({
      snat: ['iptables-legacy kept'],
      backEnds: ['iptables-legacy'],
      unread: ['nft is not here: rules that are not of iptables are not known'],
      serviceChains: 0,
    })
  })

  it('are read by the one iptables-save also where that is of nf_tables', async () => {
    prints('iptables', 'iptables v1.8.9 (nf_tables)\n')
    prints('iptables-save', plain)
    prints('nft', emptyJson)
    expect(brief(await read())).toMatchObject({ snat: ['iptables-nft kept'], backEnds: ['iptables-nft'], unread: [] })
  })

  it('come with the chains of Services of all families', async () => {
    prints('iptables-nft-save', '*nat\n:KUBE-SVC-A - [0:0]\n:KUBE-SVC-B - [0:0]\nCOMMIT\n')
    prints('ip6tables-nft-save', '*nat\n:KUBE-SVC-A - [0:0]\nCOMMIT\n')
    prints('nft', emptyJson)
    expect(await read()).toMatchObject({ serviceChains: 3 })
  })

  it('that only nft shows, without how they choose ports, are not known', async () => {
    fake(
      'nft',
      `case $1 in -j) echo '${json({ xt: { type: 'target', name: 'MASQUERADE' } })}';; *) printf 'table ip nat {\\nchain POSTROUTING {\\ncounter packets 0 bytes 0 xt target "MASQUERADE"\\n}\\n}\\n';; esac`,
    )
    expect(await read()).toEqual({ because: expect.stringContaining('without how they choose ports') })
  })

  it('that only nft shows are read from its text where that tells more', async () => {
    fake(
      'nft',
      `case $1 in -j) echo '${json({ xt: { type: 'target', name: 'MASQUERADE' } })}';; *) printf 'table ip nat {\\nchain POSTROUTING {\\ncounter packets 4 bytes 0 masquerade fully-random\\n}\\n}\\n';; esac`,
    )
    expect(brief(await read())).toEqual({
      snat: ['iptables-nft fully-random'],
      backEnds: ['iptables-nft'],
      unread: [],
    })
  })

  it('are read from its text where nft was built without JSON', async () => {
    fake(
      'nft',
      `case $1 in -j) echo 'Error: JSON support not compiled-in' >&2; exit 1;; *) printf 'table inet own {\\nchain post {\\nmasquerade\\n}\\n}\\n';; esac`,
    )
    expect(brief(await read())).toEqual({ snat: ['nft kept'], backEnds: ['nft'], unread: [] })
  })

  it.each([
    ['fails for want of a right', 'echo "Permission denied (you must be root)" >&2; exit 4', /you must be root/],
    ['does not answer', 'exec /bin/sleep 30', /no answer within 0.3 s/],
    ['prints something cut off', `printf '*nat\\n-A POSTROUTING -j MASQ'`, /ends within a table/],
  ])('of a tool that %s are not known', async (_, script, why) => {
    fake('iptables-nft-save', script)
    prints('nft', emptyJson)
    const seen = await read(300)
    const told = 'because' in seen ? [seen.because] : seen.unread
    expect(told.join()).toMatch(why)
  })

  const dnat = saved('-A KUBE-SEP-A -p udp -m udp -j DNAT --to-destination 10.244.0.3:53')
  const noTrack = '*raw\n-A PREROUTING -d 169.254.20.10/32 -p udp -m udp --dport 53 -j NOTRACK\nCOMMIT\n'
  const printsByTable = (nat: string, raw: string): void =>
    fake('iptables-nft-save', `case $2 in nat) printf '%s' '${nat}';; *) printf '%s' '${raw}';; esac`)
  const dns = async () => {
    const seen = await read()
    return 'because' in seen ? seen : seen.dns && [seen.dns.translated.map(({ by }) => by), seen.dns.untracked.length]
  }

  it('that translate questions to DNS are told, and what keeps those out of conntrack', async () => {
    prints('nft', emptyJson)
    printsByTable(plain, noTrack)
    expect(await dns()).toBeUndefined()
    printsByTable(dnat, nothing)
    expect(await dns()).toEqual([['kube-proxy'], 0])
    printsByTable(dnat, noTrack)
    expect(await dns()).toEqual([['kube-proxy'], 1])
    printsByTable(dnat, '')
    writeFileSync(join(folder, 'net/dev'), 'nodelocaldns: 0 0\n')
    expect(await dns()).toEqual([['kube-proxy'], 1])
  })

  it('of iptables-legacy are not asked for table raw where it has none', async () => {
    legacyHas('nat\n')
    fake('iptables-legacy-save', `case $2 in nat) printf '%s' '${dnat}';; *) exit 1;; esac`)
    prints('nft', emptyJson)
    writeFileSync(join(folder, 'net/ip_vs'), 'UDP  0A60000A:0035 rr\n')
    expect(await dns()).toEqual([['kube-proxy', 'IPVS'], 0])
    legacyHas('nat\nraw\n')
    expect(await read()).toMatchObject({ dns: { unread: expect.stringContaining('iptables-legacy-save -t raw') } })
    fake('iptables-legacy-save', `case $2 in nat) printf '%s' '${dnat}';; *) printf '%s' '${noTrack}';; esac`)
    expect(await dns()).toEqual([['kube-proxy', 'IPVS'], 1])
  })

  it('without any tool are not known', async () => {
    expect(await read()).toEqual({ because: expect.stringContaining('nft is not here') })
  })
})
