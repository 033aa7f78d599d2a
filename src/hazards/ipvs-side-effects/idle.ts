import type { Finding, Item } from '../../contract/hazard.ts'
import { detector, list } from '../../contract/reads.ts'
import { foundAny, read, unknown } from '../../contract/verdicts.ts'
import { type IpvsSeen, ipvsSeen } from '../../linux/ipvs.ts'
import { isRead } from '../../linux/network.ts'
import { tableOf } from './in-use.ts'

/** When Linux begins to ask whether the other side is still there: tcp_keepalive_time, which Pods do not take from the host. */
export const keepaliveSeconds = 7200

/** Does IPVS forget connections that both sides still hold open? */
export const idle = detector({
  of: list(ipvsSeen),
  with: {},
  judge({ object }: Item<IpvsSeen>) {
    const table = tableOf(object)
    if ('verdict' in table) return table.verdict
    const { timeouts } = object
    if (!isRead(timeouts)) return unknown(`the timeouts of IPVS were not read: ${timeouts.because}`)
    return foundAny(
      timeouts.tcp < keepaliveSeconds
        ? [idleCut(timeouts.tcp, read('tcp', timeouts.tcp, 'ipvsadm -l --timeout, s'))]
        : [],
    )
  },
})

/** @param seconds of silence; the kernel's default is 900 (net/netfilter/ipvs/ip_vs_proto_tcp.c, tcp_timeouts). */
export const idleCut = (seconds: number, evidence: Finding['evidence'][0]): Finding => ({
  reason: 'idle-cut',
  state: 'exposed',
  severity: 'low',
  fact: `a connection of which nothing is heard for ${seconds} s is forgotten and fails at its next packet (mostly with a reset), while Linux sends its first keepalive after ${keepaliveSeconds} s`,
  evidence: [evidence],
  remedy: [
    {
      do: 'advise',
      why: `have clients that keep connections open (gRPC, databases) send keepalives within ${seconds} s`,
    },
    {
      do: 'advise',
      why: 'let IPVS wait longer: ipvs.tcpTimeout of kube-proxy (1.18 and newer), at the price of entries that stay',
    },
  ],
})
