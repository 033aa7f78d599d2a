// /proc/<pid>/net/route and /proc/<pid>/net/dev (net/ipv4/fib_trie.c, fib_route_seq_show; net/core/net-procfs.c).

/** A network of IPv4 that is reached without a router. */
export interface OnLink {
  readonly device: string
  /** `192.168.0.0`. */
  readonly network: string
  /** `255.255.255.0`. */
  readonly mask: string
  /** arp_ignore in effect: the larger one of the device's and of all's. 0: answers for every address of the node. */
  readonly arpIgnore?: number
}

const isUp = 1
const throughRouter = 2

/**
 * Reads /proc/net/route: names of columns, then a row for each route, addresses in hex with their bytes the other way round (of a
 * machine that is little endian, as all are that Kubernetes is built for but s390x).
 * @returns undefined if it has no header.
 */
export function parseOnLink(text: string): readonly OnLink[] | undefined {
  const [header = '', ...rows] = text.split('\n').map((line) => line.trim().split(/\s+/))
  const [device, destination, flags, mask] = ['Iface', 'Destination', 'Flags', 'Mask'].map((name) =>
    header.indexOf(name),
  )
  if (device === undefined || destination === undefined || flags === undefined || mask === undefined) return undefined
  if ([device, destination, flags, mask].includes(-1)) return undefined
  return rows.flatMap((row) => {
    const bits = Number.parseInt(row[flags] ?? '', 16)
    const [network, netmask] = [row[destination] ?? '', row[mask] ?? ''].map(reversed)
    if (!(bits & isUp) || bits & throughRouter || !network || !netmask || netmask === '0.0.0.0') return []
    return [{ device: row[device] ?? '', network, mask: netmask }]
  })
}

const reversed = (hex: string): string | undefined =>
  /^[0-9A-F]{8}$/i.test(hex)
    ? [6, 4, 2, 0].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)).join('.')
    : undefined

/** Whether an IPv4 address with dots is of a network. */
export function isOf(address: string, { network, mask }: OnLink): boolean {
  const [parts, masks, networks] = [address, mask, network].map((text) => text.split('.').map(Number))
  return parts?.length === 4 && parts.every((part, at) => (part & (masks?.[at] ?? 0)) === networks?.[at])
}

/** The names of devices in /proc/net/dev; undefined if it has no header. */
export function parseDevices(text: string): readonly string[] | undefined {
  const lines = text.split('\n')
  if (!lines[0]?.startsWith('Inter-|')) return undefined
  return lines.slice(2).flatMap((line) => /^\s*([^\s:]+(?::[^\s:]+)?):/.exec(line)?.[1] ?? [])
}
