// Clients in other network namespaces that connect to one server at the same instant: from the same source port their flows want the
// same translated one. They run as `node -e`, so that they are the same from sources and from the build.
import { spawn } from 'node:child_process'
import { readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { note, type Probed } from './connect-probe.ts'

/**
 * Connects `count` times, one every `everyMs`, ports counting up; prints how long each took (ms), or why it failed. Ends early, with
 * what it has seen, as its stdin ends: that is, also when who started it was killed. The terminal's Ctrl-C is left to that one.
 *
 * It has no higher priority than others: with one, two clients took both CPUs from the server, whose full queue then dropped SYNs too.
 */
const client = `
const { connect } = require('node:net')
const [host, ...numbers] = process.argv.slice(1)
const [port, count, everyMs, firstPort, limitMs] = numbers.map(Number)
const startAt = BigInt(numbers[5])
const seen = []
let ended = 0
const finish = () => process.stdout.write(JSON.stringify(seen.filter((one) => one !== undefined)), () => process.exit())
process.on('SIGINT', () => {})
process.stdin.on('end', finish).resume()
const one = (n) => {
  const began = process.hrtime.bigint()
  const socket = connect({ host, port, localPort: firstPort + n, timeout: limitMs })
  const end = (how) => {
    if (seen[n] !== undefined) return
    seen[n] = how
    if (typeof how === 'number') socket.resetAndDestroy()
    else socket.destroy()
    if (++ended === count) finish()
  }
  socket.once('connect', () => end(Number(process.hrtime.bigint() - began) / 1e6))
  socket.once('timeout', () => end('timeout'))
  socket.on('error', (error) => end(error.code))
}
const next = (n) => {
  const at = startAt + BigInt(n) * BigInt(Math.round(everyMs * 1e6))
  const left = Number(at - process.hrtime.bigint()) / 1e6
  if (left > 3) return setTimeout(() => next(n), left - 2)
  while (process.hrtime.bigint() < at);
  one(n)
  if (n + 1 < count) setImmediate(() => next(n + 1))
}
next(0)
`

export interface Connects {
  /** An address, or a name that means the same in every namespace. */
  readonly to: string
  readonly port: number
  /** Of each client. */
  readonly count: number
  readonly everyMs: number
  /** The source port of each client's first connect; one higher with each. Collisions are where they are the same. */
  readonly firstPorts: readonly number[]
  /** How long one may take (ms). */
  readonly limitMs: number
}

/** How a client gets into its namespace: a command that runs another one there. */
export type Enter = readonly [program: string, ...args: string[]]

/** Into the network namespace of a process; needs util-linux and root. */
export const inNetworkOf = (pid: number): Enter => ['nsenter', '-t', String(pid), '-n', '--']

/** How long the clients need to start, before the first connect (ms). */
const startMs = 800

/**
 * @returns of all clients together; when aborted, what was seen so far. The clients end with it.
 * @throws Error with what a client wrote to stderr if it ended otherwise.
 */
export async function collidingConnects(
  places: readonly Enter[],
  { to, port, count, everyMs, firstPorts, limitMs }: Connects,
  signal: AbortSignal,
): Promise<Probed> {
  // By the clock that all processes share.
  const startAt = process.hrtime.bigint() + BigInt(startMs) * 1_000_000n
  const args = (place: number) => [to, ...[port, count, everyMs, firstPorts[place], limitMs, startAt].map(String)]
  const seen = await Promise.all(
    places.map((enter, place) => outputOf(enter, ['-e', client, '--', ...args(place)], signal)),
  )
  const probed: Probed = { times: [], failures: new Map() }
  for (const one of seen.flatMap((text) => JSON.parse(text) as (number | string)[])) {
    if (typeof one === 'number') probed.times.push(one)
    else note(probed.failures, one)
  }
  return probed
}

/** Runs Node.js in a namespace to its end; its stdin ends when it shall stop. @returns what it wrote. */
export const outputOf = ([program, ...enter]: Enter, args: readonly string[], signal: AbortSignal): Promise<string> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, [...enter, process.execPath, ...args], { stdio: 'pipe' })
    const stop = (): void => void child.stdin.end()
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop)
    let [out, complaint] = ['', '']
    child.stdout.on('data', (part: Buffer) => {
      out += part.toString()
    })
    child.stderr.on('data', (part: Buffer) => {
      complaint += part.toString()
    })
    child.stdin.on('error', () => undefined) // it ended first
    child.once('error', reject)
    child.once('close', (code) => {
      signal.removeEventListener('abort', stop)
      if (code === 0) resolve(out)
      else reject(new Error(`a client ended with ${code}: ${complaint.trim()}`))
    })
  })

/**
 * @param proc where /proc is.
 * @returns what is wrong with these processes as a pair in two network namespaces; undefined if nothing.
 */
export function pairFault(proc: string, pids: readonly [number, number]): string | undefined {
  const networks: string[] = []
  for (const pid of pids) {
    try {
      networks.push(readlinkSync(join(proc, String(pid), 'ns/net')))
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      return code === 'ENOENT'
        ? `there is no process ${pid}`
        : `the network of process ${pid} cannot be entered (${code}); run it as root`
    }
  }
  return networks[0] === networks[1]
    ? `processes ${pids.join(' and ')} are in the same network; expected one of each of two Pods (not hostNetwork)`
    : undefined
}
