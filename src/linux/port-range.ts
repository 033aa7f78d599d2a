// From which ports a rule that changes the source may choose, for each destination, protocol and source address.
import type { SnatRule } from './snat-rules.ts'

export interface PortRange {
  readonly min: number
  readonly max: number
}

/**
 * Where a rule names none: what began at 1024 or above stays there (net/netfilter/nf_nat_core.c, nf_nat_l4proto_unique_tuple).
 * `ip_local_port_range` does not bind it. What began below has a class of its own, 1–511 or 600–1023, and is not looked at here.
 */
export const usualRange: PortRange = { min: 1024, max: 65_535 }

/**
 * The range that a rule names, as iptables-save (`--to-ports 1024-1123`, `--to-source 192.0.2.1:1024-1123`), nft
 * (`snat to 192.0.2.1:1024-1123`) and its JSON (`"port":{"range":[1024,1123]}`) write it.
 */
export function namedRange({ text, backEnd }: Pick<SnatRule, 'text' | 'backEnd'>): PortRange | undefined {
  const json = backEnd === 'nft' ? /"port":\s*(?:\{"range":\s*\[(\d+),\s*(\d+)\]\}|(\d+))/.exec(text) : null
  const found = json ?? toPorts.exec(text) ?? toAddress.exec(text)
  const [min, max = min] = (found ?? []).slice(1).filter((one) => one !== undefined)
  return min !== undefined && max !== undefined ? { min: Number(min), max: Number(max) } : undefined
}

const toPorts = / --to-ports (\d+)(?:-(\d+))?/
/** An address of IPv6 without a port has no brackets, and ends like one with a port. */
const toAddress = /(?:^|\s)(?:--to-source|(?:snat|masquerade)\b.*? to) (?:[^\s:[]*|\[\S+\]):(\d+)(?:-(\d+))?(?:\s|$)/

export const sizeOf = ({ min, max }: PortRange): number => max - min + 1

/** The smallest range in which flows that these rules translate may run out of ports. */
export function smallestRange(rules: readonly SnatRule[]): PortRange {
  const ranges = rules.map((rule) => namedRange(rule) ?? usualRange)
  return ranges.reduce((least, one) => (sizeOf(one) < sizeOf(least) ? one : least), usualRange)
}
