// Rules that give packets another source address, whichever tool shows them.

/** How a rule picks the source port: by a hash with a random part, by chance, or the same as before while that is free. */
export type PortChoice = 'kept' | 'random' | 'fully-random'

export interface SnatRule {
  /** `iptables-legacy`, `iptables-nft`, `nft`: who shows it, and who alone may change it. */
  readonly backEnd: string
  readonly family: 'ip' | 'ip6' | 'inet'
  readonly table: string
  readonly chain: string
  /** Counted from 1 within its chain, as `iptables -R` wants it. */
  readonly position: number
  /** Of nft. */
  readonly handle?: number
  readonly target: 'MASQUERADE' | 'SNAT'
  readonly ports: PortChoice
  /** As it stands. */
  readonly text: string
  /** How many packets met it, where that is shown. */
  readonly packets?: number
  /** Who made it, as far as chain and comment tell. */
  readonly owner?: string
}

/** Chains and comments by which those who make such rules are known. Each from the project's own source. */
const owners: readonly (readonly [owner: string, chain: RegExp, comment: RegExp])[] = [
  // pkg/proxy/iptables/proxier.go
  ['kube-proxy', /^KUBE-POSTROUTING$/, /^kubernetes service traffic requiring SNAT$/],
  // kindnet's and kind's own copy of ip-masq-agent
  ['kind', /^KIND-MASQ-AGENT$/, /^kind-masq-agent:/],
  // kubernetes-sigs/ip-masq-agent, cmd/ip-masq-agent.go
  ['ip-masq-agent', /^IP-MASQ(?:-AGENT)?$/, /^ip-masq-agent:/],
  // pkg/trafficmngr/iptables/iptables.go
  ['flannel', /^FLANNEL-POSTRTG$/, /^flanneld masq/],
  // felix/rules/nat.go
  ['Calico', /^cali-/, /^cali:/],
  // pkg/datapath/iptables/iptables.go
  ['Cilium', /^(?:OLD_)?CILIUM_POST_nat$/, /^cilium /],
  // pkg/networkutils/network.go
  ['AWS VPC CNI', /^AWS-SNAT-CHAIN-\d+$/, /^AWS, SNAT/],
  // pkg/ip/ipmasq_iptables_linux.go of containernetworking/plugins
  ['CNI plugin', /^CNI-[0-9a-f]{24}$/, /^name: "/],
  // net/bridge.go of weave
  ['Weave Net', /^WEAVE$/, /^weave/],
  // pkg/agent/route/route_linux.go
  ['Antrea', /^ANTREA-POSTROUTING$/, /^Antrea:/],
  // router/… of kube-router
  ['kube-router', /^KUBE-ROUTER-/, /^kube-router/],
]

/** @param text the rule as it stands: bridges and networks of Docker and flannel are told by their names only. */
export function ownerOf(chain: string, comment: string, text: string): string | undefined {
  const known = owners.find(
    ([, ofChain, ofComment]) => ofChain.test(chain) || (comment !== '' && ofComment.test(comment)),
  )
  if (known) return known[0]
  if (/! -o docker0\b|! -o br-[0-9a-f]{12}\b/.test(text)) return 'Docker'
  // flannel's rules of before 0.20 have neither chain nor comment: out of the Pods' network but for multicast, and into it.
  return / ! -d 224\.0\.0\.0\/4\b|^-A POSTROUTING ! -s (\S+) -d \1 -j MASQ/.test(text) ? 'flannel' : undefined
}
