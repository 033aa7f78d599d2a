// Who makes a rule makes it again: the cure begins with its owner's own switch, and only then is the rule itself rewritten.
import type { Step, Subject } from '../../contract/hazard.ts'
import type { NatRules, NetworkSeen } from '../../linux/network.ts'
import { fullyRandom, whyNotRandom } from '../../linux/random-ports.ts'
import { switchOfOwner } from '../../linux/snat-owners.ts'
import type { SnatRule } from '../../linux/snat-rules.ts'

/** What fully random ports cost. */
export const price = "peers that count on a stable port (Tailscale's direct paths: flannel#2273) then take a relay"

/** Nothing has met it, or only containers that Kubernetes does not know: it can wait, and is left alone. */
export const isIdle = ({ packets, owner }: SnatRule): boolean => packets === 0 || owner === 'Docker'

/** What to tell a person about one rule. */
export const switchOf = ({ kernel }: Pick<NetworkSeen, 'kernel'>, rule: SnatRule, { versions }: NatRules): Step => {
  const { owner, backEnd, table, chain, position } = rule
  const bySwitch = owner && switchOfOwner(owner)
  const cannot = whyNotRandom(rule, kernel, versions)
  const after = fullyRandom(rule)
  const command = `${backEnd} -t ${table} -R ${chain} ${position} ${after?.slice(`-A ${chain} `.length)}`
  return {
    do: 'advise',
    why: `${cannot ? `${cannot}; ` : ''}${bySwitch ?? 'whoever makes this rule has to add it: changed by hand it comes back without'}; ${price}`,
    ...(backEnd !== 'nft' && after !== undefined && cannot === undefined && { command }),
  }
}

/** Rewrites the rule where that can be done; undefined where not. @param node whose rule it is. */
export function rewriteOf(
  node: Subject,
  { kernel }: Pick<NetworkSeen, 'kernel'>,
  rule: SnatRule,
  { versions }: NatRules,
): Step | undefined {
  const after = fullyRandom(rule)
  if (after === undefined || isIdle(rule) || whyNotRandom(rule, kernel, versions) !== undefined) return undefined
  const { backEnd, family, table, chain, position, owner, text } = rule
  const again =
    owner === undefined
      ? 'whoever made it may make it again without'
      : `${owner} makes it again without when it next writes its rules`
  return {
    do: 'replace-rule',
    name: 'random-ports',
    why: `flows of different Pods then no longer want the same port; ${again}; ${price}`,
    target: { source: node.source, kind: 'Rule', name: `${backEnd} ${family} ${table} ${text}` },
    rule: { backEnd, family, table, chain, position },
    before: text,
    after,
  }
}
