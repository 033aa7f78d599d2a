// Clients in other network namespaces that connect to one server at the same instant: from the same source port their flows want the
// same translated one. They run as `node -e`, so that they are the same from sources and from the build.
import { spawn } from 'node:child_process'
import { readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type ConnectNews, overdueMs } from '../linux/connect-tally.ts'
import { note, type Probed } from './connect-probe.ts'

/**
 * Connects `count` times, one every `everyMs`, ports counting up. Prints a line each 200 ms: of each connect that ended since the last
 * one its number, when it began (ms after the first was due), and how long it took (ms) or why it failed; once null in place of that if
 * it is overdue. Ends early, with what it has seen, as its stdin ends: that is, also when who started it was killed. The terminal's
 * Ctrl-C is left to that one.
 *
 * The last wait is between making the socket and connecting it (Node.js connects in a tick of its own), so that the SYNs of two clients
 * leave within a microsecond. It waits awake for a millisecond at most: the other half of the time is the server's.
 *
 * It has no higher priority than others by itself: a server whose queue is short would drop SYNs too, while two clients have both CPUs.
 */
const client = `
const { connect } = require('node:net')
const [host, ...numbers] = process.argv.slice(1)
const [port, count, everyMs, firstPort, limitMs, overdueMs] = numbers.map(Number)
const startAt = BigInt(numbers[6])
const since = (at) => Number(process.hrtime.bigint() - at) / 1e6
const open = new Map()
const overdue = new Set()
let [news, ended] = [[], 0]
const tell = (then) => {
  for (const [n, began] of open) {
    if (since(began) < overdueMs) break
    if (overdue.has(n)) continue
    overdue.add(n)
    news.push([n, Number(began - startAt) / 1e6, null])
  }
  process.stdout.write(JSON.stringify(news) + '\\n', then)
  news = []
}
const finish = () => tell(() => process.exit())
setInterval(tell, 200)
process.on('SIGINT', () => {})
process.stdin.on('end', finish).resume()
const one = (n, at) => {
  let began
  process.nextTick(() => {
    while (process.hrtime.bigint() < at);
    began = process.hrtime.bigint()
    open.set(n, began)
  })
  const socket = connect({ host, port, localPort: firstPort + n, timeout: limitMs })
  const end = (how) => {
    if (!open.delete(n)) return
    news.push([n, Number(began - startAt) / 1e6, how])
    if (typeof how === 'number') socket.resetAndDestroy()
    else socket.destroy()
    if (++ended === count) finish()
  }
  socket.once('connect', () => end(since(began)))
  socket.once('timeout', () => end('timeout'))
  socket.on('error', (error) => end(error.code))
}
const next = (n) => {
  const at = startAt + BigInt(n) * BigInt(Math.round(everyMs * 1e6))
  const left = -since(at)
  if (left > 1.2) return setTimeout(() => next(n), left - 1.1)
  one(n, at)
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

/** What is new, each 200 ms from each client, also if that is nothing. `sinceMs`: from when the first connect was due. */
export type Told = (news: readonly ConnectNews[], sinceMs: number) => void

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
  told: Told = () => undefined,
): Promise<Probed> {
  // By the clock that all processes share.
  const startAt = process.hrtime.bigint() + BigInt(startMs) * 1_000_000n
  const args = (place: number) =>
    [to, ...[port, count, everyMs, firstPorts[place], limitMs, overdueMs, startAt].map(String)] as const
  const probed: Probed = { times: [], failures: new Map() }
  const read = (place: number, line: string): void => {
    const news = (JSON.parse(line) as Printed[]).map(([number, beganMs, how]) => newsOf(place, number, beganMs, how))
    for (const { tookMs, failed } of news) {
      if (tookMs !== undefined) probed.times.push(tookMs)
      if (failed !== undefined) note(probed.failures, failed)
    }
    told(news, Math.max(0, Number(process.hrtime.bigint() - startAt) / 1e6))
  }
  await Promise.all(
    places.map((enter, place) =>
      outputOf(enter, ['-e', client, '--', ...args(place)], signal, (line) => read(place, line)),
    ),
  )
  return probed
}

/** As the client prints it. */
type Printed = readonly [number: number, beganMs: number, how: number | string | null]

const newsOf = (place: number, number: number, beganMs: number, how: Printed[2]): ConnectNews => ({
  client: place,
  number,
  beganMs,
  ...(typeof how === 'number' && { tookMs: how }),
  ...(typeof how === 'string' && { failed: how }),
})

/**
 * Runs Node.js in a namespace to its end; its stdin ends when it shall stop.
 * @param told each line that it writes.
 */
export const outputOf = (
  [program, ...enter]: Enter,
  args: readonly string[],
  signal: AbortSignal,
  told: (line: string) => void = () => undefined,
): Promise<void> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, [...enter, process.execPath, ...args], { stdio: 'pipe' })
    const stop = (): void => void child.stdin.end()
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop)
    let complaint = ''
    createInterface({ input: child.stdout }).on('line', (line) => {
      try {
        told(line)
      } catch (error) {
        reject(error)
        stop()
      }
    })
    child.stderr.on('data', (part: Buffer) => {
      complaint += part.toString()
    })
    child.stdin.on('error', () => undefined) // it ended first
    child.once('error', reject)
    child.once('close', (code) => {
      signal.removeEventListener('abort', stop)
      if (code === 0) resolve()
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
