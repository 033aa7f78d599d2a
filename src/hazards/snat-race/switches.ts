// Who makes a rule makes it again: the cure begins with its owner's own switch.
import type { Step } from '../../contract/hazard.ts'
import { switchOfOwner } from '../../linux/snat-owners.ts'
import type { SnatRule } from '../../linux/snat-rules.ts'

/** What fully random ports cost. */
export const price = "peers that count on a stable port (Tailscale's direct paths: flannel#2273) then take a relay"

/** What to tell a person about one rule. */
export const switchOf = ({ owner, text, backEnd }: SnatRule): Step => ({
  do: 'advise',
  why: `${(owner && switchOfOwner(owner)) ?? 'whoever makes this rule has to add it: changed by hand it comes back without'}; ${price}`,
  ...(backEnd !== 'nft' && { command: `${backEnd} -t nat -R … ${text.replace(/^-A /, '')} --random-fully` }),
})
