// What runs in the lab's network namespaces, as `node -e`, so that it is the same from sources and from the build.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { type Enter, outputOf } from '../node/colliding-connects.ts'

/** As a command that runs another one there. */
export const inNamespace = (name: string): Enter => ['ip', 'netns', 'exec', name]

/**
 * The same, where it may be before whatever else runs here (SCHED_RR, sched(7)): on a busy machine two processes are never on two CPUs at
 * the same microsecond else. A lower nice value is no help, since it counts only within a session (autogroups).
 */
export const inNamespaceAtOnce = (name: string): Enter => {
  const may = availableParallelism() > 1 && spawnSync('chrt', ['-r', '1', 'true']).status === 0
  return may ? ['chrt', '-r', '1', ...inNamespace(name)] : inNamespace(name)
}

/** So many connects may wait until the server takes them: with fewer it would lose SYNs itself while others have the CPUs. */
const queue = 20_000

const server = `require('node:net').createServer((s) => { s.on('error', () => {}); s.end() }).listen({ port: Number(process.argv[1]), backlog: ${queue} }, () => console.log('on'))`

/** Starts the server in a namespace. @returns its process, once it listens. */
export async function startServer(namespace: string, port: number): Promise<ChildProcess> {
  // A queue is cut to this (ip-sysctl.rst); it is a setting of the namespace.
  const start = `echo ${queue} > /proc/sys/net/core/somaxconn && exec "$@"`
  const child = spawn(
    'ip',
    ['netns', 'exec', namespace, 'sh', '-c', start, 'sh', process.execPath, '-e', server, '--', String(port)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  await new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve())
    child.once('exit', (code) => reject(new Error(`the lab's server ended with ${code}`)))
  })
  return child
}

/** Sends a packet from each of some source ports to 60,000 ports: each is a flow of its own. */
const flooder = `
const { createSocket } = require('node:dgram')
const [host, sockets] = process.argv.slice(1)
process.stdin.on('end', () => process.exit(1)).resume().unref()
for (let n = 0; n < Number(sockets); n++) {
  const socket = createSocket('udp4')
  socket.on('error', () => {})
  let port = 1024
  const more = () => {
    for (const end = Math.min(port + 500, 61024); port < end; port++) socket.send('x', port, host, () => {})
    if (port < 61024) setImmediate(more)
    else setTimeout(() => socket.close(), 300)
  }
  socket.bind(5000 + n, more)
}
`

/** How many flows one socket of the flooder opens. */
const flowsOfSocket = 60_000

/** Opens at least so many flows from each of the namespaces. */
export async function openFlows(
  namespaces: readonly string[],
  host: string,
  flows: number,
  signal: AbortSignal,
): Promise<void> {
  const sockets = String(Math.ceil(flows / flowsOfSocket))
  await Promise.all(namespaces.map((name) => outputOf(inNamespace(name), ['-e', flooder, '--', host, sockets], signal)))
}
