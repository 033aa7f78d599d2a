// How a rule reads once its ports are chosen by chance: the same rule, with one flag more.
import type { KernelVersion } from './conntrack.ts'
import type { SnatRule } from './snat-rules.ts'

type Statement = { readonly flags?: string | readonly string[] } | null
type Expression = Readonly<Record<string, unknown>>

/**
 * A rule as its own tool would show it with fully random ports.
 * @returns undefined if it has them already, or if it is shown in words that can't be given back to its tool.
 */
export function fullyRandom({ backEnd, ports, text }: SnatRule): string | undefined {
  if (ports === 'fully-random') return undefined
  if (backEnd !== 'nft') {
    // The options of the target stand behind it and behind all else: a comment may hold the same words.
    const target = text.lastIndexOf(' -j ')
    return `${text.slice(0, target)}${text.slice(target).replace(/ --random(?= |$)/, '')} --random-fully`
  }
  const expressions = expressionsOf(text)
  return expressions && JSON.stringify(expressions.map(randomized))
}

/** Rules of nft that are read as text, or hold a part that nft can't name, can't be written as they stand. */
function expressionsOf(text: string): readonly Expression[] | undefined {
  if (!text.startsWith('[')) return undefined
  const expressions: readonly (Expression | null)[] = JSON.parse(text)
  return expressions.every((one): one is Expression => one !== null && !('xt' in one)) ? expressions : undefined
}

function randomized(expression: Expression): Expression {
  const name = ['masquerade', 'snat'].find((one) => one in expression)
  if (name === undefined) return expression
  const statement = (expression[name] as Statement) ?? {}
  const kept = [statement.flags ?? []].flat().filter((flag) => flag !== 'random')
  const flags = [...kept, 'fully-random']
  return { [name]: { ...statement, flags: flags.length === 1 ? flags[0] : flags } }
}

const isOlder = (version: readonly number[], than: readonly number[]): boolean => {
  const place = than.findIndex((part, at) => (version[at] ?? 0) !== part)
  return place >= 0 && (version[place] ?? 0) < (than[place] ?? 0)
}

/**
 * Why ports can't be chosen by chance here; undefined if nothing is known against it.
 * @param versions of the tools that showed the rules, by back end: `1.8.9`.
 * Sources: NF_NAT_RANGE_PROTO_RANDOM_FULLY came with Linux 3.14 (net/netfilter/nf_nat_core.c), `--random-fully` of MASQUERADE with
 * iptables 1.6.2, that of SNAT with 1.6.0 (extensions/libipt_MASQUERADE.c, libipt_SNAT.c).
 */
export function whyNotRandom(
  { backEnd, target }: SnatRule,
  kernel: KernelVersion | undefined,
  versions: Readonly<Record<string, string>> = {},
): string | undefined {
  if (kernel && isOlder([kernel.major, kernel.minor], [3, 14]))
    return `this kernel, ${kernel.major}.${kernel.minor}, has no fully random ports: it needs 3.14`
  const version = versions[backEnd]
  if (backEnd === 'nft' || version === undefined) return undefined
  const needed = target === 'MASQUERADE' ? [1, 6, 2] : [1, 6, 0]
  return isOlder(version.split('.').map(Number), needed)
    ? `iptables ${version} has no --random-fully for ${target}: it needs ${needed.join('.')}`
    : undefined
}
