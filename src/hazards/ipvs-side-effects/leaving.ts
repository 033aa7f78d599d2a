import type { Context, Finding, Item } from '../../contract/hazard.ts'
import { detector, isUnread, list, maybe, one } from '../../contract/reads.ts'
import { clear, found, read, unknown } from '../../contract/verdicts.ts'
import { isBefore, type KernelVersion } from '../../linux/conntrack.ts'
import { dummyDevice, type IpvsSeen, type IpvsTable, ipvsSeen, type VirtualService } from '../../linux/ipvs.ts'
import { isRead, type NatRules, networkSeen } from '../../linux/network.ts'
import { isOf, type OnLink } from '../../linux/routes.ts'
import { foundOrUnread, tableOf } from './in-use.ts'
import type { Settings } from './settings.ts'
import { type Obstacle, wayOut } from './way-out.ts'

const from = '/proc/net/ip_vs'

/** Is kube-proxy in a mode that ends, and what keeps this node from another? */
export const leaving = detector({
  of: list(ipvsSeen),
  with: {},
  judge({ object }: Item<IpvsSeen>, _view, { version }: Context<Settings>) {
    const table = tableOf(object)
    if ('verdict' in table) return table.verdict
    if (table.services.length === 0) return foundOrUnread([], table)
    const { kernel } = object
    return found(
      wayOut(
        {
          who: 'kube-proxy balances on this node',
          evidence: read('services', table.services.length, from),
          obstacles: [...oldKernel(kernel), ...schedulers(table), ...strangers(table)],
          differences: nodePorts(table),
          ...((!kernel || table.broken.length > 0) && { guess: true }),
        },
        version,
      ),
    )
  },
})

/** pkg/proxy/nftables/supported.go, getNFTablesInterface; unless KUBE_PROXY_NFTABLES_SKIP_KERNEL_VERSION_CHECK is set. */
function oldKernel(kernel: KernelVersion | undefined): Obstacle[] {
  if (!kernel || !isBefore(kernel, 5, 13)) return []
  const release = `${kernel.major}.${kernel.minor}`
  return [
    {
      text: `Linux ${release}, where kube-proxy asks for 5.13`,
      evidence: read('kernel', release, '/proc/sys/kernel/osrelease'),
    },
  ]
}

/** nftables mode chooses by chance; there is nothing to set. */
function schedulers({ services }: IpvsTable): Obstacle[] {
  const others = [...new Set(services.map(({ scheduler }) => scheduler))].filter((name) => name !== 'rr').sort()
  if (others.length === 0) return []
  return [
    {
      text: `Services are scheduled by ${others.join(', ')}, and nftables knows chance alone`,
      evidence: read('schedulers', others.join(', '), from),
    },
  ]
}

/** kube-proxy's cleanup flushes all of IPVS when it starts in the mode nftables, excludeCIDRs or not (pkg/proxy/ipvs). */
function strangers({ services }: IpvsTable): Obstacle[] {
  const marks = services.filter(({ protocol }) => protocol === 'FWM')
  const [first] = marks
  if (!first) return []
  const many = marks.length > 1
  return [
    {
      text: `${many ? `${marks.length} services of IPVS by mark are` : 'a service of IPVS by mark is'} not kube-proxy's, and its start in the mode nftables deletes all of IPVS`,
      evidence: read('mark', first.name, from),
    },
  ]
}

/** service-node-port-range of the API server, as it is by default. */
const isNodePort = (port: number): boolean => port >= 30_000 && port <= 32_767

/** nftables mode serves NodePorts on the node's primary address alone, unless nodePortAddresses says otherwise. */
function nodePorts({ services }: IpvsTable): Obstacle[] {
  const addresses = new Map<string, Set<string>>()
  for (const { protocol, address, port } of services) {
    if (address === undefined || port === undefined || !isNodePort(port)) continue
    const key = `${address.includes(':') ? 6 : 4} ${protocol} ${port}`
    addresses.set(key, (addresses.get(key) ?? new Set()).add(address))
  }
  const [most] = [...addresses.values()].sort((a, b) => b.size - a.size)
  if (!most || most.size < 2) return []
  return [
    {
      text: `NodePorts are served on ${most.size} addresses of this node, there on its primary one (nodePortAddresses)`,
      evidence: read('addresses of a NodePort', [...most].sort().join(', '), from),
    },
  ]
}

/** Are there rules of two modes? Between ipvs and iptables kube-proxy removes none (cmd/kube-proxy, platformCleanup; KEP-2448). */
export const leftovers = detector({
  of: list(ipvsSeen),
  with: { network: maybe(one(networkSeen)) },
  judge({ object }: Item<IpvsSeen>, { network }) {
    const table = tableOf(object)
    if ('verdict' in table) return table.verdict
    if (isUnread(network)) return unknown(`whether another mode left rules is not known: ${network.unread}`)
    const { rules } = network
    if (!isRead(rules)) return unknown(`whether another mode left rules is not known: ${rules.because}`)
    const others = otherModes(rules)
    const [first] = others
    if (first) return found(twoModes(table, [first, ...others.slice(1)]))
    return rules.serviceChains === undefined
      ? unknown('whether the mode iptables left rules is not known: no rules of iptables were read')
      : clear
  },
})

interface Mode {
  readonly mode: string
  readonly rules: number
}

function otherModes({ serviceChains = 0, snat }: NatRules): Mode[] {
  const nftables = snat.filter(({ backEnd, owner }) => backEnd === 'nft' && owner === 'kube-proxy').length
  return [
    { mode: 'iptables', rules: serviceChains },
    { mode: 'nftables', rules: nftables },
  ].filter(({ rules }) => rules > 0)
}

function twoModes({ services }: IpvsTable, others: readonly [Mode, ...Mode[]]): Finding {
  const names = others.map(({ mode }) => mode).join(' and ')
  return {
    reason: 'two-modes',
    state: 'exposed',
    fact: `kube-proxy left rules of two modes on this node: ${services.length} services of IPVS with "${dummyDevice}", and rules of ${names}; those of the mode that it is not in are kept up by nobody`,
    evidence: [
      read(
        others[0].mode,
        others[0].rules,
        'chains KUBE-SVC-* (iptables), rules that masquerade in its table (nftables)',
      ),
      read('services', services.length, from),
    ],
    remedy: [
      {
        do: 'advise',
        why: 'drain the node and reboot it, or stop kube-proxy there, run kube-proxy --cleanup, and start it again: every Service is gone for that time',
        command: 'kube-proxy --cleanup',
      },
    ],
  }
}

/** Does every node answer ARP for the addresses of load balancers? With strictARP kube-proxy sets arp_ignore 1 and arp_announce 2. */
export const arp = detector({
  of: list(ipvsSeen),
  with: {},
  judge({ object }: Item<IpvsSeen>) {
    const table = tableOf(object)
    if ('verdict' in table) return table.verdict
    const { onLink } = object
    if (!isRead(onLink)) return unknown(`which networks the node is in was not read: ${onLink.because}`)
    const shared = table.services.flatMap((service) => sharedOf(service, onLink))
    const lax = shared.filter(({ network }) => network.arpIgnore === 0)
    const dark = shared.find(({ network }) => network.arpIgnore === undefined)
    const [first] = lax
    if (first) return found(allAnswer(first, new Set(lax.map(({ address }) => address)).size))
    if (dark) return unknown(`how ${dark.network.device} answers ARP was not read`)
    return foundOrUnread([], table)
  },
})

interface Shared {
  readonly address: string
  readonly network: OnLink
}

/** A Service's address of a network of the node: not a NodePort, whose address is the node's own. */
function sharedOf({ address, port }: VirtualService, onLink: readonly OnLink[]): Shared[] {
  if (address === undefined || port === undefined || isNodePort(port)) return []
  return onLink.filter((network) => isOf(address, network)).map((network) => ({ address, network }))
}

const allAnswer = ({ address, network }: Shared, count: number): Finding => ({
  reason: 'all-answer-arp',
  state: 'exposed',
  // A port of the range of NodePorts may be changed, and an external IP may be the node's own.
  guess: true,
  fact: `${count === 1 ? 'a Service has an address' : `${count} Services have addresses`} of the network of ${network.device} (${address}), which "${dummyDevice}" of every node holds, and arp_ignore is 0: every node answers ARP for it, whichever announces it`,
  evidence: [
    read('address', address, from),
    read('arp_ignore', 0, `/proc/sys/net/ipv4/conf, the larger one of all and ${network.device}`),
  ],
  remedy: [
    {
      do: 'advise',
      why: 'set ipvs.strictARP of kube-proxy to true, as MetalLB and kube-vip ask for in this mode; in the modes nftables and iptables nodes do not hold such addresses',
    },
  ],
})
