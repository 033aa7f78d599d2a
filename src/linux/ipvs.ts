// What a node shows of IPVS, the kernel's load balancer: /proc/<pid>/net/ip_vs (net/netfilter/ipvs/ip_vs_ctl.c,
// ip_vs_info_seq_show), /proc/sys/net/ipv4/vs, and what `ipvsadm` tells by netlink.
import { kind } from '../contract/reads.ts'
import type { KernelVersion } from './conntrack.ts'
import type { NotRead } from './network.ts'
import type { OnLink } from './routes.ts'

/** Where connections are sent to. */
export interface RealServer {
  /** IPv4 with dots, IPv6 as the kernel prints it: eight groups of four. */
  readonly address: string
  readonly port: number
  readonly forward: string
  /** 0: it gets no new connections, and keeps those that it has. */
  readonly weight: number
  /** Connections in the state ESTABLISHED. */
  readonly active: number
  /** All others that are still kept, also those of UDP. */
  readonly inactive: number
}

export interface VirtualService {
  /** `TCP`, `UDP`, `SCTP`; `FWM` of packets with a mark, which kube-proxy never makes. */
  readonly protocol: string
  /** `10.96.0.1:443`, `[fd00:0000:…]:80`, or the mark in hex. */
  readonly name: string
  /** Not of a mark. */
  readonly address?: string
  readonly port?: number
  readonly scheduler: string
  /** A client stays with its server (sessionAffinity ClientIP). */
  readonly persistent: boolean
  readonly servers: readonly RealServer[]
}

export interface IpvsTable {
  readonly services: readonly VirtualService[]
  /** Rows that were cut off or are none, as they stood; servers below such a service are among them. */
  readonly broken: readonly string[]
}

const headerLines = 3
const columns = ['Forward', 'Weight', 'ActiveConn', 'InActConn'] as const

/**
 * Reads /proc/net/ip_vs: three lines of header, then a row for each service and one for each of its servers, with addresses and
 * ports in hex. Every row ends with a line break, so a last one without is cut off, however whole it looks.
 * @returns undefined if the header is not there, or names none of the columns that are read.
 */
export function parseIpvsTable(text: string): IpvsTable | undefined {
  const lines = text.split('\n')
  const [title = '', , names = ''] = lines
  const row = serverRow(words(names))
  if (!title.startsWith('IP Virtual Server version') || !row || lines.length <= headerLines) return undefined
  const cutOff = lines.pop()
  const broken: string[] = []
  const services: (VirtualService & { readonly servers: RealServer[] })[] = []
  let servers: RealServer[] | undefined
  for (const line of lines.slice(headerLines)) {
    if (line.startsWith('  ->')) {
      const server = serverOf(row.exec(line)?.groups)
      if (server && servers) servers.push(server)
      else broken.push(line)
    } else {
      const service = serviceOf(words(line))
      servers = service?.servers
      if (service) services.push(service)
      else broken.push(line)
    }
  }
  if (cutOff) broken.push(cutOff)
  return { services, broken }
}

const words = (line: string): string[] => line.trim().split(/\s+/)

/** What a server's row looks like: names tell which column is which. One expression, since there may be 100,000 of them. */
function serverRow(header: readonly string[]): RegExp | undefined {
  const [arrow, where, ...names] = header
  if (arrow !== '->' || where !== 'RemoteAddress:Port' || !columns.every((name) => names.includes(name)))
    return undefined
  const parts = names.map((name) => {
    if (!columns.some((one) => one === name)) return '\\S+'
    return name === 'Forward' ? '(?<Forward>\\S+)' : `(?<${name}>-?\\d+)`
  })
  return new RegExp(`^  -> +(?<where>\\S+) +${parts.join(' +')} *$`)
}

function serviceOf([protocol = '', where = '', scheduler, ...flags]: readonly string[]) {
  if (scheduler === undefined) return undefined
  const servers: RealServer[] = []
  const rest = { scheduler, persistent: flags.includes('persistent'), servers }
  if (protocol === 'FWM') return /^[0-9a-f]{8}$/i.test(where) ? { protocol, name: where, ...rest } : undefined
  const place = placeOf(where)
  return place && /^[A-Z]+(?:v6|_\d+)?$/.test(protocol)
    ? { protocol, name: nameOf(place), ...place, ...rest }
    : undefined
}

function serverOf(row: Readonly<Record<string, string>> | undefined): RealServer | undefined {
  const place = row && placeOf(row.where ?? '')
  if (!place) return undefined
  const { address, port } = place
  const [weight, active, inactive] = [Number(row.Weight), Number(row.ActiveConn), Number(row.InActConn)]
  return { address, port, forward: row.Forward ?? '', weight, active, inactive }
}

interface Place {
  readonly address: string
  readonly port: number
}

/** `C0A80016:0CEA`, `[2620:0000:…:0001]:0050`. */
function placeOf(text: string): Place | undefined {
  if (!/^(?:[0-9A-F]{8}|\[[0-9a-f]{4}(?::[0-9a-f]{4}){7}\]):[0-9A-F]{4}$/i.test(text)) return undefined
  const colon = text.lastIndexOf(':')
  const address = text.startsWith('[') ? text.slice(1, colon - 1).toLowerCase() : dotted(Number.parseInt(text, 16))
  return { address, port: Number.parseInt(text.slice(colon + 1), 16) }
}

const nameOf = ({ address, port }: Place): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`

/** An IPv4 address by its number, as people write it. */
const dotted = (address: number): string =>
  `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`

/** In seconds: how long a connection is kept of which nothing is heard, open or after a FIN. */
export interface IpvsTimeouts {
  readonly tcp: number
  readonly tcpFin: number
  readonly udp: number
}

/** Reads `ipvsadm -l --timeout`: `Timeout (tcp tcpfin udp): 900 120 300`. No file below /proc tells it. */
export function parseIpvsTimeouts(text: string): IpvsTimeouts | undefined {
  const [, tcp, tcpFin, udp] = /^Timeout \(tcp tcpfin udp\): (\d+) (\d+) (\d+)\s*$/m.exec(text) ?? []
  return udp === undefined ? undefined : { tcp: Number(tcp), tcpFin: Number(tcpFin), udp: Number(udp) }
}

/** Those of /proc/sys/net/ipv4/vs that decide about connections (Documentation/networking/ipvs-sysctl.rst). */
export const ipvsSwitches = [
  'conn_reuse_mode', // since 4.1
  'conntrack', // with CONFIG_IP_VS_NFCT
  'expire_nodest_conn',
  'expire_quiescent_template',
] as const

export type IpvsSwitches = Readonly<Partial<Record<(typeof ipvsSwitches)[number], number>>>

/** kube-proxy's own device, which holds the address of every Service (pkg/proxy/ipvs, DefaultDummyDevice). */
export const dummyDevice = 'kube-ipvs0'

export interface IpvsSeen {
  readonly kernel?: KernelVersion
  /** undefined: this kernel has no IPVS, or it was not loaded. */
  readonly table?: IpvsTable | NotRead
  /** One that this kernel does not have is missing. */
  readonly switches: IpvsSwitches | NotRead
  readonly timeouts: IpvsTimeouts | NotRead
  /** Whether kube-proxy's device is there. */
  readonly dummy: boolean | NotRead
  /** Networks that the node reaches without a router, and how it answers ARP there. */
  readonly onLink: readonly OnLink[] | NotRead
}

/** IPVS of the node. */
export const ipvsSeen = kind<IpvsSeen>('Ipvs')
