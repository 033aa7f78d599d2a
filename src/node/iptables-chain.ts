// One chain of iptables, by the iptables of the back end that it belongs to: `iptables -S`, and `iptables -R` for one rule of it.
import type { RulePlace } from '../contract/hazard.ts'
import { shellWords } from '../linux/iptables-rules.ts'
import { runTool, type ToolLimits } from './host-tool.ts'
import type { Chain } from './replace-rule.ts'

type Limits = ToolLimits & { readonly env: Readonly<Record<string, string>> }

export class IptablesChain implements Chain {
  readonly #limits: Limits
  readonly #tool: string
  readonly #rule: RulePlace

  private constructor(limits: Limits, tool: string, rule: RulePlace) {
    this.#limits = limits
    this.#tool = tool
    this.#rule = rule
  }

  /** Before 1.8, and on some hosts since, there is one iptables only; it serves if it is of the same back end. */
  static async of(limits: Limits, rule: RulePlace): Promise<IptablesChain | { readonly held: string }> {
    const plain = rule.family === 'ip6' ? 'ip6tables' : 'iptables'
    const own = rule.backEnd.replace('iptables', plain)
    const told = await runTool(limits, own, ['--version'])
    if ('text' in told) return new IptablesChain(limits, own, rule)
    const other = await runTool(limits, plain, ['--version'])
    if ('text' in other && other.text.includes('(nf_tables)') === (rule.backEnd === 'iptables-nft'))
      return new IptablesChain(limits, plain, rule)
    return { held: `${own} is not here, and no other tool may change its rules` }
  }

  async read(): Promise<readonly string[] | { readonly held: string }> {
    const { table, chain } = this.#rule
    const told = await this.#run('-t', table, '-S', chain)
    if ('because' in told) return { held: `${this.#tool} does not show ${chain}: ${told.because}` }
    const rules = told.text.split('\n').filter((line) => line.startsWith('-A '))
    // So a tool shows what a newer one has written: to write such a rule again would make another one of it.
    const foreign = rules.find((text) => /\[unsupported revision\]|UNKNOWN/.test(text))
    return foreign === undefined ? rules : { held: `${this.#tool} does not understand a rule of ${chain}: ${foreign}` }
  }

  async replace(position: number, text: string): Promise<string | undefined> {
    const { table, chain } = this.#rule
    const counters = await this.#counters(position)
    if ('because' in counters) return counters.because
    const words = shellWords(text).slice(2)
    const count = ['-c', counters.packets, counters.bytes]
    const told = await this.#run('-t', table, '-R', chain, String(position), ...words, ...count)
    return 'because' in told ? told.because : undefined
  }

  /** `-S` with `-v` shows them before the target: `-c 12 3456 -j`. */
  async #counters(position: number): Promise<{ packets: string; bytes: string } | { because: string }> {
    const { table, chain } = this.#rule
    const told = await this.#run('-t', table, '-S', chain, String(position), '-v')
    if ('because' in told) return told
    const words = shellWords(told.text)
    const at = words.findIndex(
      (word, place) => word === '-c' && /^\d+$/.test(words[place + 1] ?? '') && words[place + 3] === '-j',
    )
    const [packets, bytes] = [words[at + 1], words[at + 2]]
    return at < 0 || packets === undefined || bytes === undefined
      ? { because: `${this.#tool} does not show what rule ${position} has counted` }
      : { packets, bytes }
  }

  /** The legacy one waits for its own lock, which nobody holds; an old one that waits for the host's gives up at once. */
  #run(...args: readonly string[]) {
    return runTool(this.#limits, this.#tool, ['-w', '1', ...args], this.#limits.env)
  }
}
