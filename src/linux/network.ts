// What one round of looking at a node saw of its network.
import { kind } from '../contract/reads.ts'
import type { ConntrackStatistics, KernelVersion } from './conntrack.ts'
import type { Destinations } from './destinations.ts'
import type { DnsPath } from './dns-path.ts'
import type { SnatRule } from './snat-rules.ts'
import type { TcpCounters } from './tcp-counters.ts'
import type { UdpCounters } from './udp-counters.ts'

/** Why a part could not be read, which is never the same as that there is nothing. */
export interface NotRead {
  readonly because: string
}

/** The table of one network namespace, in entries. Its buckets are those of all namespaces since Linux 4.7, and each entry is in two. */
export interface ConntrackTable {
  readonly count: number
  readonly max: number
  readonly buckets?: number
}

export interface NatRules {
  readonly snat: readonly SnatRule[]
  /** Those of which rules were read; two that are in use at once are both live in the kernel. */
  readonly backEnds: readonly string[]
  /** Back ends that are there and could not be read: what was read is not all. */
  readonly unread: readonly string[]
  /** Of the tools that showed them, by back end, where they say it: `1.8.9`. */
  readonly versions?: Readonly<Record<string, string>>
  /** Missing where nothing that was read translates UDP to port 53. */
  readonly dns?: DnsPath
  /** Chains of Services that kube-proxy made in its mode iptables; undefined where no rules of iptables were shown. */
  readonly serviceChains?: number
}

/** Connections out of one Pod's network namespace, whose retransmissions do not show in the host's. */
export interface PodNetwork {
  /** The inode of the namespace. */
  readonly namespace: string
  /** A process in it. */
  readonly pid: number
  readonly tcp: TcpCounters
  readonly udp?: UdpCounters
}

export interface NetworkSeen {
  readonly kernel?: KernelVersion
  readonly statistics: ConntrackStatistics | NotRead
  readonly table: ConntrackTable | NotRead
  readonly rules: NatRules | NotRead
  readonly pods: readonly PodNetwork[] | NotRead
  /** Missing where nobody looked. */
  readonly destinations?: Destinations | NotRead
}

/** The network of the node. */
export const networkSeen = kind<NetworkSeen>('Network')

export const isRead = <T extends object>(part: T | NotRead): part is T => !('because' in part)
