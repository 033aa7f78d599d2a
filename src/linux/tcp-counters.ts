// /proc/<pid>/net/snmp and netstat: pairs of lines, of which the first has the names and the second the numbers
// (net/ipv4/proc.c). Counters of one network namespace.

export interface TcpCounters {
  /** Connections that were begun from here. */
  readonly activeOpens?: number
  /** SYNs that were sent again, since Linux 3.9. */
  readonly synRetransmits?: number
  readonly timeouts?: number
}

/** @param snmp of /proc/<pid>/net/snmp. @param netstat of /proc/<pid>/net/netstat. What is missing in them is left out. */
export function parseTcpCounters(snmp: string, netstat: string): TcpCounters {
  const [tcp, more] = [countersOf(snmp, 'Tcp: '), countersOf(netstat, 'TcpExt: ')]
  const [activeOpens, synRetransmits, timeouts] = [tcp('ActiveOpens'), more('TCPSynRetrans'), more('TCPTimeouts')]
  return {
    ...(activeOpens !== undefined && { activeOpens }),
    ...(synRetransmits !== undefined && { synRetransmits }),
    ...(timeouts !== undefined && { timeouts }),
  }
}

/**
 * What a group says of a name: undefined where it has no number, or one that is none. Only what is asked for is looked at: a node has
 * hundreds of these files, with 150 counters each.
 */
export function countersOf(text: string, group: string): (name: string) => number | undefined {
  const [names = [], numbers = []] = text
    .split('\n')
    .filter((line) => line.startsWith(group))
    .map((line) => line.slice(group.length).trim().split(' '))
  return (name) => {
    const number = numbers[names.indexOf(name)] ?? ''
    return /^-?\d+$/.test(number) ? Number(number) : undefined
  }
}
