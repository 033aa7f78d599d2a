// UDP in /proc/<pid>/net/snmp (net/ipv4/proc.c, snmp_seq_show): counters of one network namespace, IPv4 alone.
import { countersOf } from './tcp-counters.ts'

export interface UdpCounters {
  /** Datagrams that were handed to a socket. */
  readonly in: number
  readonly out: number
  /** That came for nobody, or could not be handed over: an answer that came is none that was lost. */
  readonly refused: number
}

/** @returns undefined if it has no counters of UDP. Those of UdpLite and UDP over IPv6 are others, and DNS uses neither. */
export function parseUdpCounters(snmp: string): UdpCounters | undefined {
  const udp = countersOf(snmp, 'Udp: ')
  const [came, out, noPort = 0, errors = 0] = ['InDatagrams', 'OutDatagrams', 'NoPorts', 'InErrors'].map(udp)
  if (came === undefined || out === undefined) return undefined
  return { in: came, out, refused: noPort + errors }
}
