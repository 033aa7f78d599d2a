import type { Context, Finding, Item, Subject } from '../../contract/hazard.ts'
import { detector, isUnread, list } from '../../contract/reads.ts'
import { absent, foundAny, seen, unknown } from '../../contract/verdicts.ts'
import { configMaps } from '../../objects/kinds.ts'
import { type KubeProxyConfig, kubeProxyConfigOf } from '../../objects/kube-proxy-config.ts'
import { idleCut, keepaliveSeconds } from './idle.ts'
import type { Settings } from './settings.ts'
import { type Obstacle, wayOut } from './way-out.ts'

/** What does kube-proxy's own configuration say of its mode, and of what has no equivalent in the next one? */
export const manifest = detector({
  of: list(configMaps, kubeProxyConfigOf),
  with: {},
  judge(
    { subject, object: config }: Item<NonNullable<ReturnType<typeof kubeProxyConfigOf>>>,
    _view,
    { version }: Context<Settings>,
  ) {
    if (isUnread(config)) return unknown(config.unread)
    if (config.mode !== 'ipvs') return absent
    const way = {
      who: 'kube-proxy is',
      evidence: seen('mode', config.mode, subject, ...config.field),
      obstacles: obstacles(config, subject),
      differences: differences(config, subject),
    }
    return foundAny([wayOut(way, version), ...idle(config, subject)])
  },
})

/** The kernel's, which holds where kube-proxy is told nothing: net/netfilter/ipvs/ip_vs_proto_tcp.c, tcp_timeouts. */
const defaultSeconds = 900

function idle({ ipvs, field }: KubeProxyConfig, subject: Subject): Finding[] {
  const seconds = (ipvs.tcpTimeout ?? 0) / 1000 || defaultSeconds
  if (seconds >= keepaliveSeconds) return []
  return [
    {
      ...idleCut(
        seconds,
        seen('ipvs.tcpTimeout', ipvs.tcpTimeout ? `${seconds} s` : "the kernel's", subject, ...field),
      ),
      // Somebody else may have set another one on the nodes.
      ...(!ipvs.tcpTimeout && { guess: true as const }),
    },
  ]
}

function obstacles({ ipvs, iptables, nftables, field }: KubeProxyConfig, subject: Subject): Obstacle[] {
  const { scheduler, excludeCIDRs } = ipvs
  return [
    ...(scheduler === '' || scheduler === 'rr'
      ? []
      : [
          {
            text: `ipvs.scheduler is ${scheduler}, and nftables knows chance alone`,
            evidence: seen('ipvs.scheduler', scheduler, subject, ...field),
          },
        ]),
    ...(excludeCIDRs.length === 0
      ? []
      : [
          {
            text: `ipvs.excludeCIDRs keeps services of others (${excludeCIDRs.join(', ')}), which the start in the mode nftables deletes with all of IPVS`,
            evidence: seen('ipvs.excludeCIDRs', excludeCIDRs, subject, ...field),
          },
        ]),
    // Each mode has its own (pkg/proxy/apis/config/v1alpha1/conversion.go).
    ...(iptables.masqueradeAll && !nftables.masqueradeAll
      ? [
          {
            text: 'iptables.masqueradeAll holds for ipvs too, and has to be set again as nftables.masqueradeAll',
            evidence: seen('iptables.masqueradeAll', true, subject, ...field),
          },
        ]
      : []),
  ]
}

function differences({ ipvs, nodePortAddresses, field }: KubeProxyConfig, subject: Subject): Obstacle[] {
  return [
    ...(nodePortAddresses.length > 0
      ? []
      : [
          {
            text: "NodePorts are on a node's primary address alone unless nodePortAddresses says otherwise",
            evidence: seen('nodePortAddresses', [], subject, ...field),
          },
        ]),
    ...(ipvs.strictARP
      ? [
          {
            text: 'strictARP is no longer needed, since nodes do not hold the addresses of Services',
            evidence: seen('ipvs.strictARP', true, subject, ...field),
          },
        ]
      : []),
  ]
}
