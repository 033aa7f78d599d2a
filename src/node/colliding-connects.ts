// Two clients that connect to one server from the same source port at the same instant, each in a network namespace of its own: what
// SNAT does to them no single client shows. They run as `node -e`, so that they are the same from sources and from the build.
import { spawn } from 'node:child_process'

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

export interface Connects {
  readonly to: string
  readonly port: number
  /** Of each client. */
  readonly count: number
  readonly everyMs: number
  readonly firstPort: number
}

/** How a client gets into its namespace: a command that runs another one there. */
export type Enter = readonly [program: string, ...args: string[]]

/** @returns how long each connect of each client took (ms); -1: it failed. The clients end with it. @throws Error with what one complained of. */
export async function collidingConnects(
  places: readonly Enter[],
  { to, port, count, everyMs, firstPort }: Connects,
  signal: AbortSignal,
): Promise<readonly number[]> {
  // By the clock that all processes share; they need a moment to start.
  const startAt = process.hrtime.bigint() + 800_000_000n
  const args = [to, port, startAt, count, everyMs, firstPort].map(String)
  const times = await Promise.all(places.map((enter) => outputOf(enter, ['-e', client, '--', ...args], signal)))
  return times.flatMap((text) => JSON.parse(text) as number[])
}

/** Runs Node.js in a namespace to its end. @returns what it wrote. */
export const outputOf = ([program, ...enter]: Enter, args: readonly string[], signal: AbortSignal): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, [...enter, process.execPath, ...args], { stdio: ['ignore', 'pipe', 'pipe'], signal })
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
