// A node that translates addresses: two Pods on its bridge, a server outside, each in a network namespace of its own.
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { type Connects, collidingConnects } from '../node/colliding-connects.ts'
import type { Probed } from '../node/connect-probe.ts'
import { isInPath } from './in-path.ts'
import { inNamespace, openFlows, startServer } from './namespace-programs.ts'
import { makeNamespaces, type Namespaces } from './network-namespaces.ts'

const podNetwork = '10.244.0.0/24'
const server = { address: '192.0.2.100', port: 8080 }

export type BackEnd = 'iptables-legacy' | 'iptables-nft' | 'nft'

/** Of each Pod. */
type Collisions = Pick<Connects, 'count' | 'everyMs'> & { readonly firstPort: number }

export interface SnatNode {
  /** A process in the node's network namespace. */
  readonly pid: number
  /** A process in the namespace of each of its Pods. */
  readonly pods: readonly [number, number]
  /** How many entries its conntrack table holds; a namespace can't lower it. */
  readonly limit: number
  /** The rule as it stands, word by word. */
  readonly rule: readonly string[]
  /** Both Pods connect from the same port at the same instant. @throws the reason of the signal once it is aborted. */
  collide(connects: Collisions, signal: AbortSignal): Promise<Probed>
  /** Puts `--random-fully` onto the rule, in its place. */
  makeRandom(): Promise<void>
  /** Both Pods open so many UDP flows each, of which nothing is answered, as fast as they can. */
  flood(flows: number, signal: AbortSignal): Promise<void>
  /** Empties the node's conntrack table; needs conntrack. */
  flush(): Promise<unknown>
  stop(): void
}

/** @returns what has to be done before it can be started on this machine; undefined if nothing. */
export function snatNodeHint(env: Readonly<Record<string, string | undefined>>): string | undefined {
  if (process.getuid?.() !== 0) return 'network namespaces need root'
  const missing = ['ip', 'iptables-nft', 'iptables-legacy', 'nft', 'nsenter', 'conntrack'].filter(
    (name) => !isInPath(name, env),
  )
  return missing.length > 0
    ? `${missing.join(', ')} not in PATH: on Debian install iproute2, iptables, nftables and conntrack`
    : undefined
}

/** Starts it (a second); needs root, iproute2 and iptables. @throws Error with what a command wrote to stderr. */
export async function startSnatNode(backEnd: BackEnd): Promise<SnatNode> {
  const hint = snatNodeHint(process.env)
  if (hint !== undefined) throw new Error(hint)
  const namespaces = await makeNamespaces(['node', 'ext', 'pod1', 'pod2'])
  const children: ChildProcess[] = []
  const stop = (): void => {
    for (const child of children) child.kill('SIGKILL')
    namespaces.remove()
  }
  try {
    await wire(namespaces)
    const rule = backEnd === 'nft' ? nftRule : iptablesRule
    await addRule(namespaces, backEnd)
    children.push(await startServer(namespaces.of('ext'), server.port))
    const holder = await startHolder(namespaces.of('node'))
    const pods = [await startHolder(namespaces.of('pod1')), await startHolder(namespaces.of('pod2'))] as const
    children.push(holder.child, ...pods.map(({ child }) => child))
    return {
      pid: holder.pid,
      pods: [pods[0].pid, pods[1].pid],
      limit: Number(readFileSync('/proc/sys/net/netfilter/nf_conntrack_max', 'utf8')),
      rule,
      stop,
      async collide({ firstPort, ...connects }, signal) {
        const places = ['pod1', 'pod2'].map((pod) => inNamespace(namespaces.of(pod)))
        const target = { to: server.address, port: server.port, limitMs: 20_000, firstPorts: [firstPort, firstPort] }
        const probed = await collidingConnects(places, { ...target, ...connects }, signal)
        signal.throwIfAborted()
        return probed
      },
      flood: (flows, signal) => openFlows(['pod1', 'pod2'].map(namespaces.of), server.address, flows, signal),
      flush: () => namespaces.run('node', 'conntrack', '-F'),
      async makeRandom() {
        const random = [...rule, '--random-fully']
        if (backEnd === 'nft') throw new Error('by hand only rules of iptables are made random')
        await namespaces.run('node', backEnd, '-w', '-t', 'nat', '-R', 'POSTROUTING', '1', ...random)
      },
    }
  } catch (error) {
    stop()
    throw error
  }
}

const iptablesRule = ['-s', podNetwork, '!', '-d', podNetwork, '-j', 'MASQUERADE']
const nftRule = `ip saddr ${podNetwork} ip daddr != ${podNetwork} counter masquerade`.split(' ')

async function addRule({ run }: Namespaces, backEnd: BackEnd): Promise<void> {
  if (backEnd !== 'nft')
    return void (await run('node', backEnd, '-w', '-t', 'nat', '-A', 'POSTROUTING', ...iptablesRule))
  const nft = (...words: string[]) => run('node', 'nft', ...words)
  await nft('add', 'table', 'ip', 'lab')
  await nft('add', 'chain', 'ip', 'lab', 'postrouting', '{ type nat hook postrouting priority srcnat; }')
  await nft('add', 'rule', 'ip', 'lab', 'postrouting', ...nftRule)
}

/** Joins them by a bridge, an uplink and routes; the node forwards. */
export async function wire({ of, run }: Namespaces): Promise<void> {
  const node = (...args: string[]) => run('node', 'ip', ...args)
  await node('link', 'add', 'br0', 'type', 'bridge')
  await node('address', 'add', '10.244.0.1/24', 'dev', 'br0')
  await node('link', 'set', 'br0', 'up')
  await node('link', 'add', 'uplink', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', of('ext'))
  await node('address', 'add', '192.0.2.1/24', 'dev', 'uplink')
  await node('link', 'set', 'uplink', 'up')
  await run('ext', 'ip', 'address', 'add', `${server.address}/24`, 'dev', 'eth0')
  await run('ext', 'ip', 'link', 'set', 'eth0', 'up')
  for (const [place, pod] of ['pod1', 'pod2'].entries()) {
    await node('link', 'add', pod, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', of(pod))
    await node('link', 'set', pod, 'master', 'br0', 'up')
    await run(pod, 'ip', 'address', 'add', `10.244.0.${place + 2}/24`, 'dev', 'eth0')
    await run(pod, 'ip', 'link', 'set', 'eth0', 'up')
    await run(pod, 'ip', 'route', 'add', 'default', 'via', '10.244.0.1')
  }
  await run('node', 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward')
}

/** A process that does nothing but be in a namespace: what looks at it needs its pid. `ip netns exec` becomes the command. */
export async function startHolder(namespace: string): Promise<{ readonly child: ChildProcess; readonly pid: number }> {
  const child = spawn('ip', ['netns', 'exec', namespace, 'sh', '-c', 'echo on; exec sleep 86400'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise((resolve) => child.stdout?.once('data', resolve))
  if (child.pid === undefined) throw new Error('no process could be started in the node of the lab')
  return { child, pid: child.pid }
}
