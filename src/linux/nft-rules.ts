// What `nft -j list ruleset` and `nft list ruleset` print: libnftables-json(5), nft(8). Rules of iptables-nft show here too, and there
// the target may be an opaque `xt` statement.
import { type DnsPath, dnsPathOfNft } from './dns-path.ts'
import { ownerOf } from './snat-owners.ts'
import type { PortChoice, SnatRule } from './snat-rules.ts'

export interface NftRules {
  readonly snat: readonly SnatRule[]
  readonly rules: number
  /** Tables that another tool keeps, by their names: nft must not change those. */
  readonly foreign: readonly string[]
  /** Rules of iptables that change the source, or may, of which nft does not tell how they choose ports. */
  readonly opaque: readonly Pick<SnatRule, 'family' | 'table' | 'chain'>[]
  /** Only of JSON. */
  readonly dns?: DnsPath
}

export interface Expression {
  readonly masquerade?: Statement | null
  readonly snat?: Statement | null
  readonly counter?: { readonly packets?: number } | null
  /** A match or target of iptables; nft before 1.0.3 prints null for each. */
  readonly xt?: { readonly type?: string; readonly name?: string } | null
}

interface Statement {
  readonly flags?: string | readonly string[]
}

export interface NftRule {
  readonly family: string
  readonly table: string
  readonly chain: string
  readonly handle?: number
  readonly comment?: string
  readonly expr?: readonly Expression[]
}

/** Every rule as it stands. @returns undefined if it is no JSON of nft's, or of another shape than it prints. */
export function rulesOfNft(text: string): readonly NftRule[] | undefined {
  return allOf(text)?.flatMap(({ rule }) => rule ?? [])
}

function allOf(text: string): readonly { rule?: NftRule }[] | undefined {
  try {
    const all = (JSON.parse(text) as { nftables?: unknown }).nftables
    return Array.isArray(all) && all.every((one) => typeof one === 'object' && one !== null) ? all : undefined
  } catch {
    return undefined
  }
}

/** @returns undefined if it is no JSON of nft's, or of another shape than it prints. */
export function parseNftJson(text: string): NftRules | undefined {
  try {
    const all = allOf(text)
    return all && { ...rulesIn(all.flatMap(({ rule }) => rule ?? [])), dns: dnsPathOfNft(all) }
  } catch {
    return undefined
  }
}

function rulesIn(rules: readonly NftRule[]): NftRules {
  const positions = new Map<string, number>()
  const opaque: NftRules['opaque'][number][] = []
  const snat = rules.flatMap((rule): SnatRule[] => {
    const { family, table, chain, handle, comment = '', expr = [] } = rule
    const position = next(positions, `${family} ${table} ${chain}`)
    const found = expr.find((one) => 'masquerade' in one || 'snat' in one)
    if (!found) {
      if (expr.some(mayBeSnat)) opaque.push({ family: familyOf(family), table, chain })
      return []
    }
    const target = 'masquerade' in found ? 'MASQUERADE' : 'SNAT'
    const flags = [(found.masquerade ?? found.snat)?.flags ?? []].flat()
    const packets = expr.find(({ counter }) => counter)?.counter?.packets
    const where = { family: familyOf(family), table, chain, position }
    const owner = ownerOf({ table, chain, comment, words: '' })
    return [
      {
        backEnd: 'nft',
        ...where,
        target,
        ports: portsOf(flags),
        text: JSON.stringify(withoutCounts(expr)),
        ...(handle !== undefined && { handle }),
        ...(packets !== undefined && { packets }),
        ...(owner !== undefined && { owner }),
      },
    ]
  })
  return { snat, rules: rules.length, foreign: [], opaque }
}

/** What a rule has counted is no part of what it says: a rule that is met is still the same. */
export const withoutCounts = (expressions: readonly Expression[]): readonly Expression[] =>
  expressions.map((one) => (isCounted(one) ? { ...one, counter: null } : one))

/** A counter of its own; one with a name stands in the table, and its rule says only that. */
const isCounted = ({ counter }: Expression): boolean => typeof counter === 'object' && counter !== null

const mayBeSnat = ({ xt }: Expression): boolean =>
  xt === null || (xt?.type === 'target' && (xt.name === 'MASQUERADE' || xt.name === 'SNAT'))

function next(positions: Map<string, number>, key: string): number {
  const position = (positions.get(key) ?? 0) + 1
  positions.set(key, position)
  return position
}

const familyOf = (family: string): SnatRule['family'] => (family === 'ip6' || family === 'inet' ? family : 'ip')

function portsOf(flags: readonly string[]): PortChoice {
  if (flags.includes('fully-random')) return 'fully-random'
  return flags.includes('random') ? 'random' : 'kept'
}

/** Reads the text that people paste: a rule is a line within a chain, and its statement stands behind matches and counters. */
export function parseNftText(text: string): NftRules {
  const snat: SnatRule[] = []
  const foreign: string[] = []
  const opaque: NftRules['opaque'][number][] = []
  const positions = new Map<string, number>()
  let [managed, rules]: [boolean, number] = [false, 0]
  let table: { readonly family: string; readonly name: string } | undefined
  let chain: string | undefined
  for (const line of text.split('\n').map((one) => one.trim())) {
    const [, family, name] = /^table (\S+) (\S+) \{$/.exec(line) ?? []
    if (family !== undefined && name !== undefined) {
      table = { family, name }
      if (managed) foreign.push(`${family} ${name}`)
    } else if (line.startsWith('chain ')) chain = /^chain (\S+) \{$/.exec(line)?.[1]
    else if (line === '}') {
      if (chain === undefined) table = undefined
      chain = undefined
    } else if (table && chain !== undefined && isRule(line)) {
      rules++
      const position = next(positions, `${table.family} ${table.name} ${chain}`)
      const where = { family: familyOf(table.family), table: table.name, chain, position }
      snat.push(...ruleOf(line, where))
      opaque.push(...opaqueOf(line, where))
    }
    managed = /^# Warning: table .* is managed by/.test(line)
  }
  return { snat, rules, foreign, opaque }
}

/** So nft shows a target of iptables where it was built without its libraries. */
const opaqueOf = <Place>(line: string, where: Place): Place[] =>
  /\bxt target "(?:MASQUERADE|SNAT)"/.test(line) ? [where] : []

const isRule = (line: string): boolean => line !== '' && !line.startsWith('#') && !line.startsWith('type ')

function ruleOf(line: string, where: Pick<SnatRule, 'family' | 'table' | 'chain' | 'position'>): SnatRule[] {
  const bare = line.replace(/"(?:[^"\\]|\\.)*"/g, '""')
  const [, statement, rest = ''] = /(?:^|\s)(masquerade|snat(?= |$))(.*)$/.exec(bare) ?? []
  if (statement === undefined) return []
  const packets = /counter packets (\d+)/.exec(bare)?.[1]
  const comment = /comment "((?:[^"\\]|\\.)*)"/.exec(line)?.[1] ?? ''
  const owner = ownerOf({ ...where, comment, words: '' })
  return [
    {
      backEnd: 'nft',
      ...where,
      target: statement === 'masquerade' ? 'MASQUERADE' : 'SNAT',
      ports: portsOf(rest.split(/[\s,]+/)),
      text: line.replace(/\bcounter packets \d+ bytes \d+/, 'counter'),
      ...(packets !== undefined && { packets: Number(packets) }),
      ...(owner !== undefined && { owner }),
    },
  ]
}
