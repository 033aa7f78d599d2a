// Clients of the lab: two that connect to one server from the same source port at the same instant, and some that open flows without
// end. They run as `node -e`, so that they are the same from sources and from the build.
import { type ChildProcess, spawn } from 'node:child_process'

/** Connects `count` times, one every `everyMs`, ports counting up; prints how long each took (ms), -1 where it failed. */
const client = `
const { connect } = require('node:net')
const [host, port, startAt, count, everyMs, firstPort] = process.argv.slice(1)
const times = []
let open = 0
const one = (n) => {
  open++
  const began = process.hrtime.bigint()
  const end = (ms) => { times[n] = ms; socket.resetAndDestroy(); if (--open === 0 && n + 1 >= 0 && times.filter((x) => x !== undefined).length === Number(count)) { console.log(JSON.stringify(times)) } }
  let done = false
  const once = (ms) => { if (!done) { done = true; end(ms) } }
  const socket = connect({ host, port: Number(port), localPort: Number(firstPort) + n })
  socket.once('connect', () => once(Number(process.hrtime.bigint() - began) / 1e6))
  socket.once('error', () => once(-1))
  setTimeout(() => once(-1), 20000).unref()
}
const next = (n) => {
  const at = BigInt(startAt) + BigInt(n) * BigInt(Number(everyMs) * 1e6)
  const left = Number(at - process.hrtime.bigint()) / 1e6
  if (left > 3) return setTimeout(() => next(n), left - 2)
  while (process.hrtime.bigint() < at);
  one(n)
  if (n + 1 < Number(count)) setImmediate(() => next(n + 1))
}
next(0)
`

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

export interface Connects {
  readonly to: string
  readonly port: number
  /** Of each client. */
  readonly count: number
  readonly everyMs: number
  readonly firstPort: number
}

/** @returns how long each connect of each client took (ms); -1: it failed. The clients end with it. */
export async function connectAtOnce(
  namespaces: readonly string[],
  { to, port, count, everyMs, firstPort }: Connects,
  signal: AbortSignal,
): Promise<readonly number[]> {
  // By the clock that all processes share; they need a moment to start.
  const startAt = process.hrtime.bigint() + 800_000_000n
  const args = [to, port, startAt, count, everyMs, firstPort].map(String)
  const times = await Promise.all(
    namespaces.map((namespace) =>
      output(['netns', 'exec', namespace, process.execPath, '-e', client, '--', ...args], signal),
    ),
  )
  return times.flatMap((text) => JSON.parse(text) as number[])
}

/** Sends a packet from each of some source ports to 60,000 ports: each is a flow of its own. */
const flooder = `
const { createSocket } = require('node:dgram')
const [host, sockets] = process.argv.slice(1)
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
  await Promise.all(
    namespaces.map((name) =>
      output(['netns', 'exec', name, process.execPath, '-e', flooder, '--', host, sockets], signal),
    ),
  )
}

const output = (args: readonly string[], signal: AbortSignal): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn('ip', args, { stdio: ['ignore', 'pipe', 'pipe'], signal })
    let [out, complaint] = ['', '']
    child.stdout.on('data', (part: Buffer) => {
      out += part.toString()
    })
    child.stderr.on('data', (part: Buffer) => {
      complaint += part.toString()
    })
    child.once('error', reject)
    child.once('close', (code) =>
      code === 0 ? resolve(out) : reject(new Error(`a client ended with ${code}: ${complaint.trim()}`)),
    )
  })
