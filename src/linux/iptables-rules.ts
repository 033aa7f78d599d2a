// What iptables-save prints: `*table`, `:CHAIN policy [packets:bytes]`, `[packets:bytes] -A CHAIN …`, COMMIT.
import { type DnsPath, DnsRules } from './dns-path.ts'
import { ownerOf } from './snat-owners.ts'
import type { PortChoice, SnatRule } from './snat-rules.ts'

export interface IptablesRules {
  /** As its first line says; undefined if it says nothing. */
  readonly version?: string
  readonly snat: readonly SnatRule[]
  /** How many rules there are in all. */
  readonly rules: number
  /** Chains that kube-proxy makes for each port of a Service, in its mode iptables alone (pkg/proxy/iptables/proxier.go). */
  readonly serviceChains: number
  /** True if it ends in the middle of a table. */
  readonly truncated: boolean
  /** Tables with rules that only nft can show: iptables-nft-save leaves those out whole, and says so in a comment. */
  readonly incompatible: readonly string[]
  readonly dns: DnsPath
}

/**
 * Finds the rules that change the source, by their target alone: comments, chain names and the statistic match hold the same words.
 * @param backEnd which of the two iptables printed it.
 */
export function parseIptables(
  text: string,
  backEnd: 'iptables-legacy' | 'iptables-nft',
  family: 'ip' | 'ip6' = 'ip',
): IptablesRules {
  const snat: SnatRule[] = []
  const incompatible: string[] = []
  const dns = new DnsRules()
  const positions = new Map<string, number>()
  let [table, version, rules, serviceChains]: [string, string | undefined, number, number] = ['', undefined, 0, 0]
  for (const line of lines(text)) {
    const start = ruleAt(line)
    if (start !== undefined) {
      rules++
      const end = line.indexOf(' ', start + 3)
      const chain = line.slice(start + 3, end < 0 ? undefined : end)
      const position = (positions.get(chain) ?? 0) + 1
      positions.set(chain, position)
      const rule = snatRule(line, start, { backEnd, family, table, chain, position })
      if (rule) snat.push(rule)
      else dns.add(table, chain, line.slice(start))
    } else if (line.startsWith('*')) {
      table = line.slice(1).trim()
      positions.clear()
    } else if (line.startsWith(':KUBE-SVC-')) serviceChains++
    else if (line === 'COMMIT') table = ''
    else if (line.startsWith('#')) {
      version ??= /^#.*save v(\d+(?:\.\d+)+)/.exec(line)?.[1]
      incompatible.push(...(/^# Table `(\S+)' is incompatible/.exec(line)?.slice(1) ?? []))
    }
  }
  const truncated = table !== ''
  return { snat, rules, serviceChains, truncated, incompatible, dns, ...(version !== undefined && { version }) }
}

/** Where the rule begins in a line, after its counters; undefined if it is none. */
function ruleAt(line: string): number | undefined {
  const start = line.startsWith('[') ? line.indexOf(']') + 2 : 0
  return line.startsWith('-A ', start) ? start : undefined
}

function* lines(text: string): Iterable<string> {
  for (let from = 0; from < text.length; ) {
    const to = text.indexOf('\n', from)
    yield text.slice(from, to < 0 ? undefined : to)
    if (to < 0) return
    from = to + 1
  }
}

function snatRule(
  line: string,
  start: number,
  place: Pick<SnatRule, 'backEnd' | 'family' | 'table' | 'chain' | 'position'>,
): SnatRule | undefined {
  // Of 50,000 rules a handful has one of these words at all.
  if (!line.includes('MASQUERADE') && !line.includes('SNAT')) return undefined
  const words = shellWords(line.slice(start))
  const target = words[words.findIndex((word) => word === '-j' || word === '--jump') + 1]
  if (target !== 'MASQUERADE' && target !== 'SNAT') return undefined
  const text = line.slice(start)
  const at = words.indexOf('--comment')
  const owner = ownerOf({ ...place, comment: at < 0 ? '' : (words[at + 1] ?? ''), words: text })
  const packets = /^\[(\d+):\d+\] /.exec(line)?.[1]
  return {
    ...place,
    target,
    ports: portChoice(words),
    text,
    ...(packets !== undefined && { packets: Number(packets) }),
    ...(owner !== undefined && { owner }),
  }
}

function portChoice(words: readonly string[]): PortChoice {
  if (words.includes('--random-fully')) return 'fully-random'
  return words.includes('--random') ? 'random' : 'kept'
}

/** As iptables-save quotes: double quotes, with a backslash before a quote or backslash within (xtables_save_string). */
export function shellWords(text: string): string[] {
  return [...text.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g)].map(([, quoted, plain]) =>
    quoted === undefined ? (plain ?? '') : quoted.replace(/\\(.)/g, '$1'),
  )
}
