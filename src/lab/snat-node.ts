// A node that translates addresses: two Pods on its bridge, a server outside, each in a network namespace of its own.
import { readFileSync } from 'node:fs'
import { parseConntrackStatistics, total } from '../linux/conntrack.ts'
import { parseTcpCounters } from '../linux/tcp-counters.ts'
import { type Connects, collidingConnects, type Told } from '../node/colliding-connects.ts'
import type { Probed } from '../node/connect-probe.ts'
import { inNamespaceAtOnce, openFlows, startServer } from './namespace-programs.ts'
import { onNodeNetwork, outside, startHolder } from './node-network.ts'
import { addRule, type BackEnd, listedRules, makeRandom } from './snat-rule.ts'

const server = { address: outside, port: 8080 }

/** Of each Pod. */
type Collisions = Pick<Connects, 'count' | 'everyMs'> & { readonly firstPort: number }

/** Since the namespaces were made. */
export interface Counted {
  /** Packets that lost their place in the node's conntrack table, those of chains that are too long not among them. */
  readonly insertFailed: number
  /** SYNs that both Pods sent again. */
  readonly synsAgain: number
}

export interface SnatNode {
  /** A process in the node's network namespace. */
  readonly pid: number
  /** A process in the namespace of each of its Pods. */
  readonly pods: readonly [number, number]
  /** How many entries its conntrack table holds; a namespace can't lower it. */
  readonly limit: number
  /**
   * Both Pods connect from the same port at the same instant.
   * @throws the reason of the signal once it is aborted.
   */
  collide(connects: Collisions, signal: AbortSignal, told?: Told): Promise<Probed>
  /** What the kernel has counted so far. @throws Error if it does not count it. */
  counted(): Counted
  /** The rules of its chain as they stand now, as their tool says them. */
  rules(): Promise<string>
  /** Puts `--random-fully` onto the rule, in its place. */
  makeRandom(): Promise<void>
  /** Both Pods open so many UDP flows each, of which nothing is answered, as fast as they can. */
  flood(flows: number, signal: AbortSignal): Promise<void>
  /** Empties the node's conntrack table; needs conntrack. */
  flush(): Promise<unknown>
  stop(): void
}

/** Starts it (a second); needs root, iproute2 and iptables. @throws Error with what a command wrote to stderr. */
export function startSnatNode(backEnd: BackEnd): Promise<SnatNode> {
  return onNodeNetwork(async ({ namespaces, keep, stop }) => {
    await addRule(namespaces, backEnd)
    const holders = Promise.all([
      startHolder(namespaces.of('node')),
      startHolder(namespaces.of('pod1')),
      startHolder(namespaces.of('pod2')),
    ])
    keep(await startServer(namespaces.of('ext'), server.port))
    const [holder, ...pods] = await holders
    for (const { child } of [holder, ...pods]) keep(child)
    return {
      pid: holder.pid,
      pods: [pods[0].pid, pods[1].pid],
      limit: Number(readFileSync('/proc/sys/net/netfilter/nf_conntrack_max', 'utf8')),
      stop,
      counted: () => ({
        insertFailed: insertFailed(holder.pid),
        synsAgain: pods.reduce((sum, { pid }) => sum + synsAgain(pid), 0),
      }),
      async collide({ firstPort, ...connects }, signal, told) {
        const places = ['pod1', 'pod2'].map((pod) => inNamespaceAtOnce(namespaces.of(pod)))
        const target = { to: server.address, port: server.port, limitMs: 20_000, firstPorts: [firstPort, firstPort] }
        // Whatever else fails while all is taken down says less.
        return await collidingConnects(places, { ...target, ...connects }, signal, told).finally(() =>
          signal.throwIfAborted(),
        )
      },
      flood: (flows, signal) => openFlows(['pod1', 'pod2'].map(namespaces.of), server.address, flows, signal),
      flush: () => namespaces.run('node', 'conntrack', '-F'),
      rules: () => listedRules(namespaces, backEnd),
      makeRandom: () => makeRandom(namespaces, backEnd),
    }
  })
}

const netOf = (pid: number, file: string): string => readFileSync(`/proc/${pid}/net/${file}`, 'utf8')

function insertFailed(pid: number): number {
  const statistics = parseConntrackStatistics(netOf(pid, 'stat/nf_conntrack'))
  const all = statistics && total(statistics, 'insert_failed')
  if (!statistics || all === undefined) throw new Error('this kernel does not count insert_failed')
  return all - (total(statistics, 'chaintoolong') ?? 0)
}

function synsAgain(pid: number): number {
  const { synRetransmits } = parseTcpCounters(netOf(pid, 'snmp'), netOf(pid, 'netstat'))
  if (synRetransmits === undefined) throw new Error('this kernel does not count TCPSynRetrans')
  return synRetransmits
}
