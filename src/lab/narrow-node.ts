// A node whose rule may choose from few source ports: a Pod that holds connections open, and a server outside.
import { type ChildProcess, spawn } from 'node:child_process'
import { inNamespace } from './namespace-programs.ts'
import { onNodeNetwork, outside, startHolder } from './node-network.ts'

const server = { address: outside, port: 8080 }

/** Accepts, and leaves it to the client to end. */
const accepting = `
require('node:net').createServer((s) => s.on('error', () => {}).on('end', () => s.end())).listen(Number(process.argv[1]), () => console.log('on'))
`

/** Opens so many connections and holds them; prints how many stand each time a line comes in, and ends with its stdin. */
const holding = `
const [host, port, count] = process.argv.slice(1)
let stand = 0
for (let n = 0; n < Number(count); n++) {
  const socket = require('node:net').connect({ host, port: Number(port) }, () => stand++)
  socket.on('error', () => {})
}
process.on('SIGINT', () => {})
process.stdin.on('data', () => console.log(stand)).on('end', () => process.exit(0))
`

export interface NarrowNode {
  /** A process in the node's network namespace. */
  readonly pid: number
  /** The rule as it stands, word by word. */
  readonly rule: readonly string[]
  /** The Pod begins to open so many connections to the server, and holds those that came to stand. */
  hold(count: number): void
  /** How many stand. */
  standing(): Promise<number>
  /** The Pod ends them all, and the node forgets them. */
  end(): Promise<void>
  stop(): void
}

/**
 * Starts it (a second); needs root, iproute2, iptables and conntrack.
 * @param ports how many source ports the rule may choose from.
 * @throws Error with what a command wrote to stderr.
 */
export function startNarrowNode(ports: number): Promise<NarrowNode> {
  return onNodeNetwork(async ({ namespaces, keep, stop }) => {
    const start = (name: string, ...args: readonly string[]): ChildProcess => {
      const [program, ...enter] = inNamespace(namespaces.of(name))
      const child = spawn(program, [...enter, process.execPath, '-e', ...args], { stdio: ['pipe', 'pipe', 'inherit'] })
      child.stdin?.on('error', () => undefined) // it ended first
      keep(child)
      return child
    }
    const rule = ['-p', 'tcp', '-j', 'MASQUERADE', '--to-ports', `1024-${1023 + ports}`, '--random-fully']
    await namespaces.run('node', 'iptables-nft', '-w', '-t', 'nat', '-A', 'POSTROUTING', '-o', 'uplink', ...rule)
    await firstLine(start('ext', accepting, '--', String(server.port)))
    const holder = await startHolder(namespaces.of('node'))
    keep(holder.child)
    let pod: ChildProcess | undefined
    return {
      pid: holder.pid,
      rule,
      stop,
      hold: (count) => {
        pod = start('pod1', holding, '--', server.address, String(server.port), String(count))
      },
      async standing() {
        if (!pod) return 0
        const line = firstLine(pod)
        pod.stdin?.write('\n')
        return Number(await line)
      },
      async end() {
        const ended = pod && new Promise((resolve) => pod?.once('exit', resolve))
        pod?.stdin?.end()
        await ended
        pod = undefined
        await namespaces.run('node', 'conntrack', '-F')
      },
    }
  })
}

/** What a child writes next. @throws Error if it ends without. */
const firstLine = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    const exit = (code: number | null): void => reject(new Error(`a program of the lab ended with ${code}`))
    child.once('exit', exit)
    child.stdout?.once('data', (text: Buffer) => {
      child.off('exit', exit)
      resolve(text.toString())
    })
  })
