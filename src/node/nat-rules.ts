// Reads the rules of a network namespace that change the source, by the tools that keep them. Reading must leave no trace: to ask
// iptables-legacy for a table makes that table, with its hooks, and from then on every tool warns of two back ends.
import { join } from 'node:path'
import { cacheInterface, type DnsPath, type DnsTranslation, dnsOfIpvs } from '../linux/dns-path.ts'
import { parseIptables } from '../linux/iptables-rules.ts'
import type { NatRules, NotRead } from '../linux/network.ts'
import { type NftRules, parseNftJson, parseNftText } from '../linux/nft-rules.ts'
import type { SnatRule } from '../linux/snat-rules.ts'
import { runTool, type Told, type ToolLimits } from './host-tool.ts'
import { readProc, textOf } from './proc-files.ts'

type Family = 'ip' | 'ip6'
type BackEnd = 'iptables-legacy' | 'iptables-nft'

/** What has been read so far, and what could not be. */
class Reading {
  readonly snat: SnatRule[] = []
  readonly backEnds = new Set<string>()
  readonly unread = new Set<string>()
  readonly versions: Record<string, string> = {}
  /** Families of which iptables-nft showed all of its table nat. */
  readonly shown = new Set<string>()
  serviceChains: number | undefined
  readonly translated: DnsTranslation[] = []
  readonly untracked: string[] = []

  noteDns({ translated, untracked }: DnsPath): void {
    this.translated.push(...translated)
    this.untracked.push(...untracked)
  }
}

/** @param net `<proc>/<pid>/net` of a process in the namespace. Each tool that is not here, or fails, is told as what is unread. */
export async function readNatRules(net: string, limits: ToolLimits): Promise<NatRules | NotRead> {
  const reading = new Reading()
  for (const family of ['ip', 'ip6'] as const) {
    const legacy = hasLegacy(net, family, 'nat')
    if (legacy === true) await readSaved(reading, limits, 'iptables-legacy', family)
    else if (legacy !== false) reading.unread.add(legacy)
    await readSaved(reading, limits, 'iptables-nft', family)
  }
  await readNft(reading, limits)
  const dns = await dnsOf(reading, net, limits)
  const { snat, backEnds, unread, versions, serviceChains } = reading
  if (backEnds.size === 0 && unread.size > 0) return { because: [...unread].join('; ') }
  return {
    snat,
    backEnds: [...backEnds],
    unread: [...unread],
    ...(Object.keys(versions).length > 0 && { versions }),
    ...(serviceChains !== undefined && { serviceChains }),
    ...(dns && { dns }),
  }
}

/** What keeps questions out of conntrack stands in table raw, which is asked for only where rules translate them. */
async function dnsOf(reading: Reading, net: string, limits: ToolLimits): Promise<DnsPath | undefined> {
  const translated = [...reading.translated, ...dnsOfIpvs(textOf(readProc(join(net, 'ip_vs'))))]
  if (translated.length === 0) return undefined
  const untracked = [...reading.untracked, cacheInterface(textOf(readProc(join(net, 'dev')))) ?? []].flat()
  let unread: string | undefined
  for (const family of ['ip', 'ip6'] as const) {
    if (untracked.length > 0) break
    for (const backEnd of ['iptables-legacy', 'iptables-nft'] as const) {
      if (backEnd === 'iptables-legacy' && hasLegacy(net, family, 'raw') !== true) continue
      const { command, told } = await save(limits, backEnd, family, 'raw')
      if ('text' in told) untracked.push(...parseIptables(told.text, backEnd, family).dns.untracked)
      else if (backEnd === 'iptables-legacy' || !('absent' in told)) unread ??= `${command} -t raw: ${told.because}`
    }
  }
  return { translated, untracked, ...(untracked.length === 0 && unread !== undefined && { unread }) }
}

/** Whether iptables-legacy has this table here; else why that can't be told. */
function hasLegacy(net: string, family: Family, table: 'nat' | 'raw'): boolean | string {
  const path = join(net, family === 'ip' ? 'ip_tables_names' : 'ip6_tables_names')
  const names = readProc(path)
  if (typeof names === 'string') return names.split('\n').includes(table)
  return names.vanished ? false : `cannot read "${path}": ${names.code}, so rules of iptables-legacy are not known`
}

async function readSaved(reading: Reading, limits: ToolLimits, backEnd: BackEnd, family: Family): Promise<void> {
  const { command, told } = await save(limits, backEnd, family, 'nat')
  if ('absent' in told) {
    // Those of iptables-nft are seen by nft as well.
    if (backEnd === 'iptables-legacy')
      reading.unread.add(`${command} is not here, and the kernel has a table nat of iptables-legacy`)
    return
  }
  if ('because' in told) {
    reading.unread.add(`${command}: ${told.because}`)
    return
  }
  const { snat, rules, serviceChains, truncated, incompatible, version, dns } = parseIptables(
    told.text,
    backEnd,
    family,
  )
  reading.snat.push(...snat)
  reading.serviceChains = (reading.serviceChains ?? 0) + serviceChains
  reading.noteDns(dns)
  if (rules > 0) reading.backEnds.add(backEnd)
  if (version !== undefined) reading.versions[backEnd] = version
  if (truncated) reading.unread.add(`${command}: what it printed ends within a table`)
  if (backEnd === 'iptables-nft' && incompatible.length === 0) reading.shown.add(family)
}

/** Before 1.8, and on some hosts since, there is one iptables-save only, of the back end that `iptables --version` names. */
async function save(
  limits: ToolLimits,
  backEnd: BackEnd,
  family: Family,
  table: 'nat' | 'raw',
): Promise<{ readonly command: string; readonly told: Told }> {
  const name = family === 'ip' ? 'iptables' : 'ip6tables'
  const command = `${backEnd.replace('iptables', name)}-save`
  const told = await runTool(limits, command, ['-t', table, '-c'])
  if (!('absent' in told)) return { command, told }
  const version = await runTool(limits, name, ['--version'])
  if (!('text' in version) || version.text.includes('(nf_tables)') !== (backEnd === 'iptables-nft'))
    return { command, told }
  return { command: `${name}-save`, told: await runTool(limits, `${name}-save`, ['-t', table, '-c']) }
}

async function readNft(reading: Reading, limits: ToolLimits): Promise<void> {
  const told = await runTool(limits, 'nft', ['-j', 'list', 'ruleset'])
  if ('absent' in told) {
    reading.unread.add('nft is not here: rules that are not of iptables are not known')
    return
  }
  const isNew = ({ family, table }: Pick<SnatRule, 'family' | 'table'>): boolean =>
    !(reading.shown.has(family) && table === 'nat')
  const read = 'text' in told ? parseNftJson(told.text) : undefined
  if (read) add(reading, read.snat.filter(isNew), 'nft')
  if (read?.dns) reading.noteDns(read.dns)
  const opaque = read?.opaque.filter(isNew) ?? []
  // Its text has rules of iptables in nft's own words where its JSON has none, and some were built without JSON.
  if (read && opaque.length === 0) return
  const text = await runTool(limits, 'nft', ['list', 'ruleset'])
  if (!('text' in text)) {
    reading.unread.add(`nft: ${text.because}`)
    return
  }
  const inText = parseNftText(text.text)
  if (!read) add(reading, inText.snat.filter(isNew), 'nft')
  else
    add(
      reading,
      inText.snat.filter((rule) => opaque.some((one) => isSameChain(one, rule))).filter((rule) => !has(read, rule)),
      'iptables-nft',
    )
  const still = inText.opaque.filter(isNew)
  if (still.length > 0)
    reading.unread.add(`nft: ${still.length} rules of iptables-nft are shown without how they choose ports`)
}

type Place = Pick<SnatRule, 'family' | 'table' | 'chain'>

const isSameChain = (one: Place, other: Place): boolean =>
  one.family === other.family && one.table === other.table && one.chain === other.chain

const has = ({ snat }: NftRules, rule: SnatRule): boolean =>
  snat.some((one) => isSameChain(one, rule) && one.position === rule.position)

/** Rules of iptables-nft are its to change, whoever shows them. */
function add(reading: Reading, rules: readonly SnatRule[], backEnd: 'nft' | BackEnd): void {
  reading.snat.push(...rules.map((rule) => ({ ...rule, backEnd })))
  if (rules.length > 0) reading.backEnds.add(backEnd)
}
