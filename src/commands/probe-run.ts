// What `roadcrew probe` does. Loaded only for it.
import { createColors } from 'picocolors'
import { median, type Steps, stepsOf, upperBound } from '../linux/syn-steps.ts'
import { collidingConnects, type Enter } from '../node/colliding-connects.ts'
import { type Probed, probeConnects } from '../node/connect-probe.ts'
import { type Io, UsageError, wantsColor } from './io.ts'
import type { ProbeOptions } from './probe.ts'

/** @returns the exit code. @throws UsageError if the target is no host and port. */
export async function runProbe(target: string, options: ProbeOptions, io: Io): Promise<number> {
  return options.pair ? runPair(target, options, options.pair, io) : runPlain(target, options, io)
}

/** Ports that nobody else uses as a rule: below the kernel's own range (net.ipv4.ip_local_port_range). */
const firstPort = 20_000
/** More would be a flood. */
const mostOfPair = 5000

/** The pair collides, then as many connects are made from here: the difference is what SNAT does. */
async function runPair(target: string, options: ProbeOptions, pair: readonly number[], io: Io): Promise<number> {
  const { host, port } = addressOf(target)
  const { count, output } = options
  if (count > mostOfPair) throw new UsageError(`--count: ${count}; expected at most ${mostOfPair}`)
  const places = pair.map((pid): Enter => ['nsenter', '-t', String(pid), '-n', '--'])
  const all = await collidingConnects(places, { to: host, port, count, everyMs: 2, firstPort }, io.signal)
  const failures = new Map(all.some((ms) => ms < 0) ? [['of the pair', all.filter((ms) => ms < 0).length]] : [])
  const ofPair = resultOf(`${target} by the pair ${pair.join(' and ')}`, {
    times: all.filter((ms) => ms >= 0),
    failures,
  })
  const rate = 100
  const plain = { host, port, rate, forMs: (count / rate) * 1000, limitMs: options.limit * 1000, signal: io.signal }
  const ofHost = resultOf(`${target} from here`, await probeConnects(plain))
  if (output === 'json') io.out(`${JSON.stringify({ pair: ofPair, here: ofHost }, undefined, 2)}\n`)
  else io.out(`${resultText(ofPair, io)}\n${resultText(ofHost, io)}\n${conclusion(ofPair, ofHost)}\n`)
  if (ofPair.connects === 0) return 2
  return ofPair.lost > 0 ? 1 : 0
}

function conclusion(pair: Result, here: Result): string {
  if (pair.lost > 0 && here.lost === 0)
    return 'Only the pair lost SYNs: its flows raced for a source port. roadcrew agent --network names the rule.'
  if (pair.lost > 0) return 'Both lost SYNs: it is not source address translation alone; look at the way to the server.'
  return 'The pair lost none: no race was met, which does not say that there is none.'
}

/** @returns the exit code. */
async function runPlain(target: string, { rate, for: seconds, limit, output }: ProbeOptions, io: Io): Promise<number> {
  const { host, port } = addressOf(target)
  const live = io.errIsTerminal && output === 'terminal'
  const probed = await probeConnects({
    host,
    port,
    rate,
    forMs: seconds * 1000,
    limitMs: limit * 1000,
    signal: io.signal,
    ...(live && {
      seen: ({ times }) => io.err(`\r${times.length} connects, the slowest ${Math.round(Math.max(0, ...times))} ms `),
    }),
  })
  if (live) io.err('\r\u001b[K')
  const result = resultOf(target, probed)
  io.out(output === 'json' ? `${JSON.stringify(result, undefined, 2)}\n` : resultText(result, io))
  if (probed.times.length === 0) return 2
  return result.lost > 0 ? 1 : 0
}

/** `host:port` or `[v6]:port`. */
function addressOf(target: string): { readonly host: string; readonly port: number } {
  const [, v6, name, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(target) ?? []
  const host = v6 ?? name
  if (host === undefined || Number(port) < 1 || Number(port) > 65_535)
    throw new UsageError(`"${target}" is no host and port; expected e.g. db.example.com:5432 or [2001:db8::1]:443`)
  return { host, port: Number(port) }
}

interface Result extends Steps {
  readonly target: string
  readonly connects: number
  readonly failures: Readonly<Record<string, number>>
  /** How many ended at a step. */
  readonly lost: number
  /** Of 10,000, by 95 %. */
  readonly atMost: number
  readonly medianMs: number
  readonly worstMs: number
  readonly histogram: readonly { readonly underMs: number; readonly count: number }[]
}

const limits = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]

function resultOf(target: string, { times, failures }: Probed): Result {
  const medianMs = median(times)
  const steps = stepsOf(times, medianMs)
  const lost = steps.met.reduce((sum, { count }) => sum + count, 0)
  const histogram = limits.map((underMs, place) => ({
    underMs,
    count: times.filter((ms) => ms < underMs && ms >= (limits[place - 1] ?? 0)).length,
  }))
  return {
    target,
    connects: times.length,
    failures: Object.fromEntries(failures),
    ...steps,
    lost,
    atMost: Math.ceil(upperBound(lost, times.length) * 10_000),
    medianMs: round(medianMs),
    worstMs: round(Math.max(0, ...times)),
    histogram,
  }
}

const round = (ms: number): number => Math.round(ms * 10) / 10

const widest = 40

function resultText(result: Result, io: Io): string {
  const { bold, red, yellow } = createColors(wantsColor(io))
  const { target, connects, failures, met, otherwise, lost, atMost, medianMs, worstMs, histogram } = result
  const most = Math.max(...histogram.map(({ count }) => count), ...met.map(({ count }) => count), 1)
  const bar = (count: number): string => '█'.repeat(count === 0 ? 0 : Math.max(1, Math.round((count / most) * widest)))
  const row = (name: string, count: number): string =>
    `  ${name.padStart(12)}  ${bar(count)}${count > 0 ? ' ' : ''}${count}`
  const failed = Object.entries(failures).map(([why, count]) => yellow(`  ${count} failed: ${why}`))
  const head = bold(`${target}: ${connects} connects, median ${medianMs} ms, worst ${worstMs} ms`)
  if (connects === 0) return `${[head, ...failed].join('\n')}\n`
  const share = `${lost} of ${connects} met a step of SYN retransmission; by 95 % at most ${atMost} of 10,000 do`
  return `${[
    head,
    '',
    ...histogram.filter(({ count }) => count > 0).map(({ underMs, count }) => row(`< ${underMs} ms`, count)),
    ...met.map(({ seconds, count }) => red(`${row(`${seconds} s step`, count)}  lost SYNs`)),
    ...(otherwise > 0 ? [row('slow', otherwise)] : []),
    '',
    lost > 0 ? red(share) : share,
    ...failed,
  ].join('\n')}\n`
}
