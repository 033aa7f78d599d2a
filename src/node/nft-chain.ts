// One chain of nft, by its JSON: libnftables-json(5).
import type { RulePlace } from '../contract/hazard.ts'
import { type NftRule, rulesOfNft, withoutCounts } from '../linux/nft-rules.ts'
import { runTool, type ToolLimits } from './host-tool.ts'
import type { Chain } from './replace-rule.ts'

type Held = { readonly held: string }

export class NftChain implements Chain {
  readonly #limits: ToolLimits
  readonly #place: RulePlace

  constructor(limits: ToolLimits, place: RulePlace) {
    this.#limits = limits
    this.#place = place
  }

  async read(): Promise<readonly string[] | Held> {
    const rules = await this.#rules()
    return 'held' in rules ? rules : rules.map(({ expr = [] }) => JSON.stringify(withoutCounts(expr)))
  }

  /** What it has counted, its comment and its handle are those of the rule that is there. */
  async replace(position: number, text: string): Promise<string | undefined> {
    const rules = await this.#rules()
    if ('held' in rules) return rules.held
    const there = rules[position - 1]
    if (!there) return `there is no rule ${position} any more`
    const wanted: NonNullable<NftRule['expr']> = JSON.parse(text)
    const expr = wanted.map((one, place) =>
      there.expr?.[place]?.counter && 'counter' in one ? (there.expr[place] ?? one) : one,
    )
    const command = JSON.stringify({ nftables: [{ replace: { rule: { ...there, expr } } }] })
    const told = await runTool(this.#limits, 'nft', ['-j', command])
    return 'because' in told ? told.because : undefined
  }

  async #rules(): Promise<readonly NftRule[] | Held> {
    const { family, table, chain } = this.#place
    const told = await runTool(this.#limits, 'nft', ['-j', 'list', 'table', family, table])
    if ('because' in told) return { held: `nft does not show table ${table}: ${told.because}` }
    const rules = rulesOfNft(told.text)
    if (!rules) return { held: 'nft shows no JSON: it was built without it' }
    // As nft itself says of such tables: "managed by iptables-nft, do not touch!"
    const isForeign = rules.some(({ expr = [] }) => expr.some((one) => one === null || 'xt' in one))
    if (isForeign) return { held: `table ${table} is iptables-nft's: nft must not change it` }
    return rules.filter((rule) => rule.chain === chain)
  }
}
