// How many flows go to one destination from one translated address: each needs a source port of its own.
import { namedRange, type PortRange, sizeOf, usualRange } from './port-range.ts'
import type { SnatRule } from './snat-rules.ts'

export interface Destination {
  readonly protocol: string
  /** What the flows go to, after any DNAT: `192.0.2.100:8080`. */
  readonly to: string
  /** The source address that they bear there. */
  readonly from: string
  /** All that hold a port of that address for that destination. */
  readonly flows: number
  /** The lowest and highest port that those use whose source was changed. */
  readonly ports: PortRange
}

export interface Destinations {
  /** Those with most flows, of which at least one had its source changed; none if the table is too small for one to run out. */
  readonly busiest: readonly Destination[]
}

interface Counted {
  flows: number
  /** 0 if the source of none was changed. */
  min: number
  max: number
  /** In which stretch of the table it was met first. */
  readonly since: number
}

/**
 * Counts entries of the conntrack table, as `conntrack -L` and /proc/net/nf_conntrack print them, with or without `-o extended`, one
 * by one. It holds no more than some 130,000 destinations: after each 65,536 flows those are forgotten that were met less than once in each
 * such stretch (lossy counting, Manku and Motwani 2002), so that of a table of 262,144 a count may miss four.
 */
export class FlowCount {
  readonly #counts = new Map<string, Counted>()
  #seen = 0

  /** @returns false if the line is no entry with two tuples. */
  add(line: string): boolean {
    const first = line.indexOf(' src=')
    const second = first < 0 ? -1 : line.indexOf(' src=', first + 5)
    if (second < 0) return false
    // Entries of ICMP and GRE have no ports.
    const server = field(line, ' sport=', second)
    const port = field(line, ' dport=', second)
    if (server === undefined || port === undefined) return true
    const [to, from] = [field(line, ' src=', second), field(line, ' dst=', second)]
    const isTranslated = field(line, ' src=', first) !== from || field(line, ' sport=', first) !== port
    const key = `${protocolOf(line)} ${from} ${to?.includes(':') ? `[${to}]` : to}:${server}`
    this.#count(key, isTranslated ? Number(port) : 0)
    return true
  }

  #count(key: string, translatedTo: number): void {
    const stretch = Math.floor(this.#seen++ / stretchOf)
    const one = this.#counts.get(key)
    if (one) {
      one.flows++
      if (translatedTo > 0) {
        one.min = Math.min(one.min || translatedTo, translatedTo)
        one.max = Math.max(one.max, translatedTo)
      }
    } else this.#counts.set(key, { flows: 1, min: translatedTo, max: translatedTo, since: stretch })
    if (this.#seen % stretchOf > 0) return
    for (const [other, { flows, since }] of this.#counts) if (flows + since <= stretch + 1) this.#counts.delete(other)
  }

  busiest(most: number): Destination[] {
    return [...this.#counts]
      .filter(([, { max }]) => max > 0)
      .sort(([, a], [, b]) => b.flows - a.flows)
      .slice(0, most)
      .map(([key, { flows, min, max }]) => {
        const [protocol = '', from = '', to = ''] = key.split(' ')
        return { protocol, from, to, flows, ports: { min, max } }
      })
  }
}

const stretchOf = 65_536

function field(line: string, name: string, from: number): string | undefined {
  const at = line.indexOf(name, from)
  if (at < 0) return undefined
  const end = line.indexOf(' ', at + name.length)
  return line.slice(at + name.length, end < 0 ? undefined : end)
}

/** `tcp      6 117 …`, after `ipv4     2 ` where it is extended. */
const protocolOf = (line: string): string => /^(?:ipv[46]\s+\d+\s+)?(\S+)/.exec(line)?.[1] ?? ''

export interface Nearness {
  readonly destination: Destination
  readonly range: PortRange
  /** Of the range's ports, up to 1. */
  readonly used: number
}

/**
 * The destination that is nearest to the end of its ports. Which rule gave them no entry tells: it is the one with the smallest named range
 * that holds all that are used, else one without.
 */
export function nearest({ busiest }: Destinations, rules: readonly SnatRule[]): Nearness | undefined {
  const named = rules.flatMap((rule) => namedRange(rule) ?? [])
  return busiest
    .map((destination) => {
      const holds = ({ min, max }: PortRange): boolean => min <= destination.ports.min && destination.ports.max <= max
      const range = named.filter(holds).sort((a, b) => sizeOf(a) - sizeOf(b))[0] ?? usualRange
      return { destination, range, used: Math.min(1, destination.flows / sizeOf(range)) }
    })
    .sort((a, b) => b.used - a.used)[0]
}

/**
 * From which share of its range on a destination may lose packets. The kernel tries 128 ports in a row, then 64, 32 and 16 from elsewhere
 * (since 4.19; nf_nat_l4proto_unique_tuple): with 90 % in use all 240 are hardly ever taken, with 98 % one time of a hundred.
 */
export const nearShare = 0.9
