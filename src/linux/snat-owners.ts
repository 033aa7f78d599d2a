// Who makes rules that change the source, by what their projects' own sources call chains, tables and comments.
// Each has the file in which the names stand; where a switch is told, it stands in the same project.

interface Owner {
  readonly owner: string
  /** Chains of iptables. */
  readonly chain?: RegExp
  /** Tables of nft. */
  readonly table?: RegExp
  readonly comment?: RegExp
  /** What else only its rules hold: names of bridges and sets. */
  readonly words?: RegExp
  /** How its owner is told to choose ports at random, or that there is no way. */
  readonly switch: string
}

const needsIptables = 'its image needs iptables 1.6.2 or newer'

const owners: readonly Owner[] = [
  // kubernetes, pkg/proxy/iptables/proxier.go and pkg/proxy/nftables/proxier.go
  {
    owner: 'kube-proxy',
    chain: /^KUBE-POSTROUTING$/,
    table: /^kube-proxy$/,
    comment: /^kubernetes service traffic requiring SNAT$/,
    switch: `kube-proxy asks for it by itself since 1.16; ${needsIptables}`,
  },
  // kind's kindnetd, cmd/kindnetd/masq.go; kindnet, pkg/masq
  {
    owner: 'kind',
    chain: /^KIND-MASQ-AGENT$/,
    table: /^kindnet-ipmasq$/,
    comment: /^kind-masq-agent:/,
    switch: 'kindnet has no switch for it',
  },
  // ip-masq-agent, cmd/ip-masq-agent/ip-masq-agent.go; GKE runs it with --masq-chain=IP-MASQ
  {
    owner: 'ip-masq-agent',
    chain: /^IP-MASQ(?:-AGENT)?$/,
    comment: /^ip-masq-agent:/,
    switch: 'run ip-masq-agent 2.10 or newer, with --random-fully=true (the default)',
  },
  // flannel, pkg/trafficmngr/iptables/iptables.go and pkg/trafficmngr/nftables/nftables.go. Its rules of before 0.20 have neither
  // chain nor comment: out of the Pods' network but for multicast, and into it.
  {
    owner: 'flannel',
    chain: /^FLANNEL-POSTRTG$/,
    table: /^flannel-ipv[46]$/,
    comment: /^flanneld masq/,
    words: / ! -d 224\.0\.0\.0\/4\b|^-A POSTROUTING ! -s (\S+) -d \1 -j MASQ/,
    switch: `flannel asks for it by itself since 0.11, unless --ip-masq-fully-random-disable is given; ${needsIptables}`,
  },
  // calico, felix/rules and felix/environment/feature_detect.go
  {
    owner: 'Calico',
    chain: /^cali-/,
    table: /^calico$/,
    comment: /^cali:/,
    switch:
      'Calico asks for it by itself where iptables (1.6.2) and kernel (3.14) can do it, unless featureDetectOverride says MASQFullyRandom=false',
  },
  // cilium, pkg/datapath/iptables/iptables.go; while it restarts its chains have OLD_ before them
  {
    owner: 'Cilium',
    chain: /^(?:OLD_)?CILIUM_POST_nat$/,
    comment: /^cilium /,
    switch: "set iptablesRandomFully in Cilium's chart (--iptables-random-fully of the agent; off by default)",
  },
  // amazon-vpc-cni-k8s, pkg/networkutils/network.go
  {
    owner: 'AWS VPC CNI',
    chain: /^AWS-SNAT-CHAIN-\d+$/,
    comment: /^AWS, SNAT/,
    switch: `set AWS_VPC_K8S_CNI_RANDOMIZESNAT=prng on the DaemonSet aws-node (the default since 1.7); ${needsIptables}`,
  },
  // containernetworking/plugins, pkg/ip/ipmasq_iptables_linux.go and ipmasq_nftables_linux.go, plugins/meta/portmap
  {
    owner: 'CNI plugin',
    chain: /^CNI-(?:[0-9a-f]{24}|HOSTPORT-MASQ)$/,
    table: /^cni_(?:plugins_masquerade|hostport)$/,
    comment: /^name: "/,
    switch: 'the CNI plugins have no switch for it: ipMasq off, and a rule of your own with it, is the way',
  },
  // netavark, src/firewall/varktables/types.rs
  {
    owner: 'Podman',
    chain: /^NETAVARK-(?:[0-9A-F]+|HOSTPORT-MASQ)$/,
    table: /^netavark$/,
    switch: 'Podman has no switch for it; Pods do not pass this rule',
  },
  // weave, net/bridge.go
  { owner: 'Weave Net', chain: /^WEAVE$/, comment: /^weave/, switch: 'Weave Net has no switch for it' },
  // antrea, pkg/agent/route/route_linux.go
  {
    owner: 'Antrea',
    chain: /^ANTREA-POSTROUTING$/,
    comment: /^Antrea:/,
    switch: "set snatFullyRandomPorts in Antrea's agent configuration (2.2 or newer, off by default)",
  },
  // kube-router, pkg/controllers/routing/network_routes_controller.go
  {
    owner: 'kube-router',
    chain: /^KUBE-ROUTER-/,
    comment: /^kube-router/,
    words: /--match-set (?:inet6:)?kube-router-pod-subnets src/,
    switch: `newer kube-routers ask for it by themselves; ${needsIptables}`,
  },
  // tailscale, util/linuxfw
  {
    owner: 'Tailscale',
    chain: /^ts-postrouting$/,
    switch: 'Tailscale has no switch for it; it translates what comes from the tailnet only',
  },
  // libvirt, src/network/network_iptables.c
  {
    owner: 'libvirt',
    chain: /^LIBVIRT_PRT$/,
    table: /^libvirt_network$/,
    switch: 'libvirt has no switch for it; Pods do not pass this rule',
  },
  // moby, daemon/libnetwork/drivers/bridge/internal: its rules of iptables are told by their bridges only
  {
    owner: 'Docker',
    table: /^docker-bridges$/,
    words: /! -o docker0\b|! -o br-[0-9a-f]{12}\b/,
    switch: 'Docker has no switch for it; Pods do not pass this rule',
  },
]

/** A rule that changes the source, as far as its maker is told by it. */
export interface RuleNames {
  readonly table: string
  readonly chain: string
  /** Empty if it has none. */
  readonly comment: string
  /** Of iptables, as it stands. */
  readonly words: string
}

/** Who made a rule; chains and tables of one's own come before comments, which others copy. */
export function ownerOf({ table, chain, comment, words }: RuleNames): string | undefined {
  const by = (matches: (owner: Owner) => boolean | undefined): string | undefined => owners.find(matches)?.owner
  return (
    by((one) => one.chain?.test(chain) || one.table?.test(table)) ??
    by((one) => comment !== '' && one.comment?.test(comment)) ??
    by((one) => one.words?.test(words))
  )
}

/** How the owner of a rule is told to choose ports at random; undefined for an owner that is not known. */
export const switchOfOwner = (owner: string): string | undefined => owners.find((one) => one.owner === owner)?.switch
