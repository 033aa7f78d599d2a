// Reads what a node's network shows: counters and tables below /proc, rules by the tools that keep them.
import { readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { parseConntrackStatistics, parseConntrackTool, parseKernelVersion } from '../linux/conntrack.ts'
import type { Destinations } from '../linux/destinations.ts'
import type { NatRules, NetworkSeen, NotRead, PodNetwork } from '../linux/network.ts'
import { parseTcpCounters } from '../linux/tcp-counters.ts'
import { parseUdpCounters } from '../linux/udp-counters.ts'
import { readDestinations } from './destinations.ts'
import { runTool, type ToolLimits } from './host-tool.ts'
import { readNatRules } from './nat-rules.ts'
import { foldersByNumber, readProc, textOf, type Unread } from './proc-files.ts'

export interface NetworkReader extends ToolLimits {
  /** The host's /proc. A mounted /proc/net is the reader's own namespace, so all is read at `<proc>/<pid>/net`. */
  readonly proc: string
  /** A process in the namespace that is read; the first of the node, if not told. */
  readonly within?: number
  /** How long a tool may take (ms). */
  readonly toolMs: number
  /** Rules that were read a while ago, in place of reading them anew. */
  readonly rules?: NatRules | NotRead
  /** The same of how many flows go to each destination. */
  readonly destinations?: Destinations | NotRead
}

/** Never throws for the world's faults: each part says why it was not read. */
export async function readNetwork(reader: NetworkReader): Promise<NetworkSeen> {
  const { proc } = reader
  const kernel = parseKernelVersion(textOf(readProc(join(proc, 'sys/kernel/osrelease'))))
  const [statistics, rules, table] = await Promise.all([
    statisticsOf(reader),
    reader.rules ?? readNatRules(netOf(reader), reader),
    tableOf(reader),
  ])
  const destinations = reader.destinations ?? (await readDestinations(netOf(reader), reader, rules, table))
  return { ...(kernel && { kernel }), statistics, table, rules, pods: podsOf(reader), destinations }
}

const netOf = ({ proc, within = 1 }: NetworkReader): string => join(proc, String(within), 'net')

/** Kernels without CONFIG_NF_CONNTRACK_PROCFS have no file; netlink has the same numbers, for who has CAP_NET_ADMIN. */
async function statisticsOf(reader: NetworkReader): Promise<NetworkSeen['statistics']> {
  const path = join(netOf(reader), 'stat/nf_conntrack')
  const text = readProc(path)
  const read = typeof text === 'string' ? parseConntrackStatistics(text) : undefined
  if (read) return read
  const why = typeof text === 'string' ? `"${path}" has no header` : cannot(path, text)
  const told = await runTool(reader, 'conntrack', ['-S'])
  const netlink = 'text' in told ? parseConntrackTool(told.text) : undefined
  return (
    netlink ?? { because: `${why}; conntrack -S: ${'because' in told ? told.because : 'it printed something else'}` }
  )
}

/** These sysctls are those of the reader's own namespace, whoever's /proc it is. */
async function tableOf(reader: NetworkReader): Promise<NetworkSeen['table']> {
  const names = ['count', 'max', 'buckets'].map((name) => `net.netfilter.nf_conntrack_${name}`)
  const [count, max, buckets] = await Promise.all(names.map((name) => sysctl(reader, name)))
  if (count === undefined || max === undefined)
    return { because: 'there is no net.netfilter.nf_conntrack_count: conntrack is not loaded, or no rule uses it' }
  return { count, max, ...(buckets !== undefined && { buckets }) }
}

async function sysctl(reader: NetworkReader, name: string): Promise<number | undefined> {
  const path = join('/proc/sys', name.replaceAll('.', '/'))
  const text =
    reader.within === undefined
      ? textOf(readProc(join(reader.proc, path.slice('/proc/'.length))))
      : await runTool(reader, 'cat', [path]).then((told) => ('text' in told ? told.text : ''))
  return /^\d+$/.test(text.trim()) ? Number(text) : undefined
}

/** A namespace is known by its inode; to see that of another user's process needs root. */
function podsOf({ proc }: NetworkReader): NetworkSeen['pods'] {
  const pids = foldersByNumber(proc)
  if (!Array.isArray(pids)) return { because: `cannot read "${proc}": ${pids.code}` }
  // An agent is in the host's network, also where it may not look at the first process.
  const own = namespaceOf(proc, 1) ?? namespaceOf(proc, process.pid)
  if (own === undefined)
    return { because: `cannot read "${join(proc, '1/ns/net')}": whose namespace is whose can't be told` }
  const pods = new Map<string, PodNetwork>()
  for (const pid of pids) {
    const namespace = namespaceOf(proc, pid)
    if (namespace === undefined || namespace === own || pods.has(namespace)) continue
    const net = join(proc, String(pid), 'net')
    const snmp = textOf(readProc(join(net, 'snmp')))
    const tcp = parseTcpCounters(snmp, textOf(readProc(join(net, 'netstat'))))
    const udp = parseUdpCounters(snmp)
    pods.set(namespace, { namespace, pid, tcp, ...(udp && { udp }) })
  }
  return [...pods.values()]
}

function namespaceOf(proc: string, pid: number): string | undefined {
  try {
    return /^net:\[(\d+)\]$/.exec(readlinkSync(join(proc, String(pid), 'ns/net')))?.[1]
  } catch {
    return undefined
  }
}

const cannot = (path: string, { code }: Unread): string => `cannot read "${path}": ${code}`
