// Who makes a rule makes it again: the cure begins with its owner's own switch.
import type { Step } from '../../contract/hazard.ts'
import type { SnatRule } from '../../linux/snat-rules.ts'

const needsIptables = 'its image needs iptables 1.6.2 or newer'
const price = 'peers that count on a stable port (Tailscale direct paths: flannel#2273) then take a relay'

const switches: Readonly<Record<string, string>> = {
  'kube-proxy': `kube-proxy asks for it by itself since 1.16; ${needsIptables}`,
  flannel: `flannel asks for it by itself since 0.11; ${needsIptables}`,
  'AWS VPC CNI': `set AWS_VPC_K8S_CNI_RANDOMIZESNAT=prng on the DaemonSet aws-node; ${needsIptables}`,
  Docker: 'Docker has no switch for it; Pods do not pass this rule',
}

/** What to tell a person about one rule. */
export const switchOf = ({ owner, text, backEnd }: SnatRule): Step => ({
  do: 'advise',
  why: `${(owner && switches[owner]) ?? `${owner ?? 'whoever makes this rule'} has to add it: changed by hand it comes back without`}; ${price}`,
  ...(backEnd === 'nft' ? {} : { command: `${backEnd} -t nat -R … ${text.replace(/^-A /, '')} --random-fully` }),
})
