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
  const tcp = pairs(snmp, 'Tcp')
  const more = pairs(netstat, 'TcpExt')
  const [activeOpens, synRetransmits, timeouts] = [tcp.ActiveOpens, more.TCPSynRetrans, more.TCPTimeouts]
  return {
    ...(activeOpens !== undefined && { activeOpens }),
    ...(synRetransmits !== undefined && { synRetransmits }),
    ...(timeouts !== undefined && { timeouts }),
  }
}

/** A name without a number, or a number that is none, is left out. */
export function pairs(text: string, group: string): Readonly<Record<string, number>> {
  const [names = [], numbers = []] = text
    .split('\n')
    .filter((line) => line.startsWith(`${group}: `))
    .map((line) =>
      line
        .slice(group.length + 2)
        .trim()
        .split(/\s+/),
    )
  return Object.fromEntries(
    names.flatMap((name, place) => {
      const number = numbers[place] ?? ''
      return /^-?\d+$/.test(number) ? [[name, Number(number)]] : []
    }),
  )
}
