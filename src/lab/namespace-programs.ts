// What runs in the lab's network namespaces, as `node -e`, so that it is the same from sources and from the build.
import { type ChildProcess, spawn } from 'node:child_process'
import { type Enter, outputOf } from '../node/colliding-connects.ts'

/** As a command that runs another one there. */
export const inNamespace = (name: string): Enter => ['ip', 'netns', 'exec', name]

const server = `require('node:net').createServer((s) => { s.on('error', () => {}); s.end() }).listen(Number(process.argv[1]), () => console.log('on'))`

/** Starts the server in a namespace. @returns its process, once it listens. */
export async function startServer(namespace: string, port: number): Promise<ChildProcess> {
  const child = spawn('ip', ['netns', 'exec', namespace, process.execPath, '-e', server, '--', String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
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
