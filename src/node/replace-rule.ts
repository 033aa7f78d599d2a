// The hand that rewrites one rule of a node's firewall, by the tool that keeps it and no other. Never a table: the rules beside it
// are only read, to tell whether all of them are still as they were.
import type { RulePlace, Step } from '../contract/hazard.ts'
import type { Arm } from '../contract/world.ts'
import type { ToolLimits } from './host-tool.ts'
import { IptablesChain } from './iptables-chain.ts'
import { NftChain } from './nft-chain.ts'
import { withXtablesLock } from './xtables-lock.ts'

export type ReplaceRule = Extract<Step, { do: 'replace-rule' }>
type Held = { readonly held: string }

/** A chain that its own tool shows and changes. */
export interface Chain {
  /** Every rule in its order, without what it has counted; or why they can't be told. */
  read(): Promise<readonly string[] | Held>
  /** Puts a rule in the place of another one, with what that one has counted. @returns why it was not taken. */
  replace(position: number, text: string): Promise<string | undefined>
}

export interface RuleHands extends ToolLimits {
  /** The host's xtables lock. */
  readonly lock: string
}

/** How long others may hold the lock (ms): kube-proxy writes thousands of rules at once. */
const lockWait = 5000

/**
 * Rewrites a rule in its place, under the lock: reads the chain, makes sure that the rule at that number is still the one that was
 * meant, writes, and reads again. Where the chain is then not the same but for that rule, the rule is put back, if it is still ours.
 * nft has no lock: between reading and writing another nft may come, which the second reading tells.
 */
export const replaceRuleArm = (hands: RuleHands): Arm => ({
  does: 'replace-rule',
  async apply(step) {
    if (step.do !== 'replace-rule') throw new Error(`an arm that replaces rules was given ${step.do}`)
    if (step.rule.backEnd === 'nft') return rewrite(new NftChain(hands, step.rule), step)
    return withXtablesLock(hands.lock, lockWait, async (env) => {
      const chain = await IptablesChain.of({ ...hands, env }, step.rule)
      return 'held' in chain ? chain : rewrite(chain, step)
    })
  },
})

/** See `replaceRuleArm`. @throws Error if the chain is not as it should be afterwards: what became of the rule. */
export async function rewrite(chain: Chain, { rule, before, after }: ReplaceRule): Promise<'done' | Held> {
  const rules = await chain.read()
  if ('held' in rules) return rules
  const held = wrongRule(rules, rule, before)
  if (held) return held
  const refused = await chain.replace(rule.position, after)
  const now = await chain.read()
  const wanted = rules.with(rule.position - 1, after)
  if (!('held' in now) && isSame(now, wanted)) return 'done'
  if (!('held' in now) && isSame(now, rules))
    return { held: `its tool refuses: ${refused ?? 'it changed nothing, and says nothing'}` }
  throw new Error(await putBack(chain, { rule, before, after }, now))
}

/** A number names another rule once one was added or removed before it. */
function wrongRule(rules: readonly string[], { chain, position }: RulePlace, before: string): Held | undefined {
  const there = rules[position - 1]
  if (there === undefined) return { held: `${chain} has ${rules.length} rules by now, and no number ${position}` }
  return there === before ? undefined : { held: `number ${position} of ${chain} is another rule by now: ${there}` }
}

const isSame = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((text, place) => text === other[place])

async function putBack(
  chain: Chain,
  { rule, before, after }: Pick<ReplaceRule, 'rule' | 'before' | 'after'>,
  now: readonly string[] | Held,
): Promise<string> {
  if ('held' in now) return `the rule was written, and can't be read again: ${now.held}`
  const what = `${rule.chain} is not as it should be after the rule was written`
  if (now[rule.position - 1] !== after) return `${what}; number ${rule.position} is not ours, so it was left alone`
  const refused = await chain.replace(rule.position, before)
  return refused === undefined ? `${what}; the rule was put back` : `${what}, and it can't be put back: ${refused}`
}
