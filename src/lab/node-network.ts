// The network of a node of the lab: two Pods on its bridge, a world outside, each in a network namespace of its own.
import { type ChildProcess, spawn } from 'node:child_process'
import { isInPath } from './in-path.ts'
import { makeNamespaces, type Namespaces } from './network-namespaces.ts'

/** The address outside. */
export const outside = '192.0.2.100'

/** @returns what has to be done before it can be started on this machine; undefined if nothing. */
export function nodeNetworkHint(env: Readonly<Record<string, string | undefined>>): string | undefined {
  if (process.getuid?.() !== 0) return 'network namespaces need root'
  const missing = ['ip', 'iptables-nft', 'iptables-legacy', 'nft', 'nsenter', 'chrt', 'conntrack'].filter(
    (name) => !isInPath(name, env),
  )
  return missing.length > 0
    ? `${missing.join(', ')} not in PATH: on Debian install iproute2, iptables, nftables, util-linux and conntrack`
    : undefined
}

export interface NodeNetwork {
  /** `node`, `ext` outside, `pod1` and `pod2`. */
  readonly namespaces: Namespaces
  /** Ends a process with the network. */
  keep(child: ChildProcess): void
  /** Ends all that was kept, and removes the namespaces. */
  stop(): void
}

/**
 * Makes the network and what stands on it; needs root and iproute2.
 * @param build what stands on it: if that fails, all is taken down again.
 * @throws Error with what a command wrote to stderr.
 */
export async function onNodeNetwork<T>(build: (network: NodeNetwork) => Promise<T>): Promise<T> {
  const hint = nodeNetworkHint(process.env)
  if (hint !== undefined) throw new Error(hint)
  const namespaces = await makeNamespaces(['node', 'ext', 'pod1', 'pod2'])
  const children: ChildProcess[] = []
  const stop = (): void => {
    for (const child of children) child.kill('SIGKILL')
    namespaces.remove()
  }
  try {
    await wire(namespaces)
    return await build({ namespaces, keep: (child) => void children.push(child), stop })
  } catch (error) {
    stop()
    throw error
  }
}

/** Few processes, since on a busy machine each of them waits for its turn. */
async function wire({ of, run }: Namespaces): Promise<void> {
  const ip = (name: string, ...lines: string[]) =>
    run(name, 'sh', '-c', 'printf "%s\\n" "$@" | ip -batch -', 'sh', ...lines)
  await ip(
    'node',
    'link add br0 type bridge',
    'address add 10.244.0.1/24 dev br0',
    'link set br0 up',
    `link add uplink type veth peer name eth0 netns ${of('ext')}`,
    'address add 192.0.2.1/24 dev uplink',
    'link set uplink up',
    ...['pod1', 'pod2'].flatMap((pod) => [
      `link add ${pod} type veth peer name eth0 netns ${of(pod)}`,
      `link set ${pod} master br0 up`,
    ]),
  )
  await Promise.all([
    ip('ext', `address add ${outside}/24 dev eth0`, 'link set eth0 up'),
    ...['pod1', 'pod2'].map((pod, place) =>
      ip(pod, `address add 10.244.0.${place + 2}/24 dev eth0`, 'link set eth0 up', 'route add default via 10.244.0.1'),
    ),
    run('node', 'sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward'),
  ])
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
