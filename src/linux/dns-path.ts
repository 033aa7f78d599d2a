// How the questions of Pods to DNS leave a node: through rules that give UDP packets to port 53 another destination, or past conntrack
// to a cache on the node. The names of kube-proxy's chains: pkg/proxy/iptables/proxier.go and pkg/proxy/nftables/proxier.go; those of
// NodeLocal DNSCache: kubernetes/dns, cmd/node-cache (comment "NodeLocal DNS Cache: skip conntrack", interface nodelocaldns).

export interface DnsTranslation {
  /** kube-proxy, IPVS, or the chain in which it stands. */
  readonly by: string
  /** As it stands. */
  readonly text: string
}

export interface DnsPath {
  /** A few of those that translate; a cluster has one for each address of its DNS. */
  readonly translated: readonly DnsTranslation[]
  /** What keeps questions out of conntrack, as it stands. */
  readonly untracked: readonly string[]
  /** Why not all that may keep them out was read. */
  readonly unread?: string
}

/** So many of a sort are enough to know that there are some. */
const fewRules = 5

/** Those of what iptables-save prints, rule by rule. */
export class DnsRules implements DnsPath {
  readonly translated: DnsTranslation[] = []
  readonly untracked: string[] = []

  /** @param rule from `-A` on. */
  add(table: string, chain: string, rule: string): void {
    // Of 50,000 rules some hundred are of UDP.
    if (!rule.includes(' -p udp ')) return
    if (table === 'nat' && this.translated.length < fewRules && translates(rule))
      this.translated.push({ by: chain.startsWith('KUBE-') ? 'kube-proxy' : chain, text: rule })
    if (table === 'raw' && keepsUntracked(rule)) this.untracked.push(rule)
  }
}

/**
 * The rule of a Service with port 53, or a DNAT to that port. What stays on the node by itself (127.0.0.0/8: Docker's DNS of a container)
 * has one destination, so that nothing clashes there.
 */
function translates(rule: string): boolean {
  if (/ -d 127\.|--to-destination 127\./.test(rule)) return false
  const isDnat = /-j DNAT --to-destination \S+:53(?:\s|$)| --dport 53 .*-j DNAT /.test(rule)
  return isDnat || / --dport 53 .*-j KUBE-(?:SVC|EXT|LB|FW|XLB)-/.test(rule)
}

/** Also spelt `-j CT --notrack`. */
const keepsUntracked = (rule: string): boolean =>
  rule.includes(' --dport 53 ') && / -j (?:NOTRACK|CT --notrack)(?:\s|$)/.test(rule)

interface NftObject {
  readonly rule?: { readonly table: string; readonly chain: string; readonly expr?: readonly object[] }
  readonly map?: { readonly table: string; readonly elem?: readonly unknown[] }
}

/** The same of what `nft -j list ruleset` lists: rules, and the maps in which kube-proxy keeps its Services. */
export function dnsPathOfNft(all: readonly NftObject[]): DnsPath {
  const translated: DnsTranslation[] = []
  const untracked: string[] = []
  const byOf = (table: string, chain: string): string => (table.startsWith('kube-proxy') ? 'kube-proxy' : chain)
  for (const { rule, map } of all) {
    const { expr = [] } = rule ?? {}
    if (rule && expr.some((one) => 'dnat' in one || 'notrack' in one)) {
      const text = JSON.stringify(expr)
      if (!/"(?:udp|th)"/.test(text)) continue
      if (/"dnat":\{[^{}]*"port":53\}/.test(text) || (isToDns(text) && text.includes('"dnat"')))
        translated.push({ by: byOf(rule.table, rule.chain), text })
      if (isToDns(text) && text.includes('"notrack"')) untracked.push(text)
    }
    const services = map?.elem?.map((one) => JSON.stringify(one)).filter((one) => one.includes('"udp",53]'))
    if (map && services) translated.push(...services.map((text) => ({ by: byOf(map.table, map.table), text })))
  }
  return { translated: translated.slice(0, fewRules), untracked: untracked.slice(0, fewRules) }
}

const isToDns = (text: string): boolean => /"field":"dport"\}\},"right":53\}/.test(text)

/**
 * Virtual servers of UDP port 53 in /proc/net/ip_vs, hexadecimal: `UDP  0A60000A:0035 rr` (net/netfilter/ipvs/ip_vs_ctl.c,
 * ip_vs_info_seq_show).
 */
export const dnsOfIpvs = (text: string): readonly DnsTranslation[] =>
  [...text.matchAll(/^UDP\s+\S+:0035 .*$/gm)].map(([line]) => ({ by: 'IPVS', text: line.trim() }))

/** In /proc/net/dev; what NodeLocal DNSCache makes unless it is told another name. */
export const cacheInterface = (text: string): string | undefined =>
  /^\s*nodelocaldns:/m.test(text) ? 'interface nodelocaldns' : undefined
