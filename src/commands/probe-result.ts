// What connect times come to, as data and as text.
import { createColors } from 'picocolors'
import { lowerBound, median, type Steps, stepsOf, upperBound } from '../linux/syn-steps.ts'
import type { Probed } from '../node/connect-probe.ts'
import { type Io, wantsColor } from './io.ts'

export interface Result extends Steps {
  readonly target: string
  readonly connects: number
  readonly failures: Readonly<Record<string, number>>
  /** How many ended at a step. */
  readonly lost: number
  /** Of 10,000, by 95 % each. */
  readonly atLeast: number
  readonly atMost: number
  readonly medianMs: number
  readonly worstMs: number
  readonly histogram: readonly { readonly underMs: number; readonly count: number }[]
}

const limits = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]

/** What the connects come to. */
export function resultOf(target: string, { times, failures }: Probed): Result {
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
    atLeast: Math.floor(lowerBound(lost, times.length) * 10_000),
    atMost: Math.ceil(upperBound(lost, times.length) * 10_000),
    medianMs: round(medianMs),
    worstMs: round(times.reduce((worst, ms) => Math.max(worst, ms), 0)),
    histogram,
  }
}

const round = (ms: number): number => Math.round(ms * 10) / 10

const widest = 40

/** As lines for a person. */
export function resultText(result: Result, io: Io): string {
  const { bold, red, yellow } = createColors(wantsColor(io))
  const { target, connects, failures, met, otherwise, lost, atLeast, atMost, medianMs, worstMs, histogram } = result
  const most = Math.max(...histogram.map(({ count }) => count), ...met.map(({ count }) => count), 1)
  const bar = (count: number): string => '█'.repeat(count === 0 ? 0 : Math.max(1, Math.round((count / most) * widest)))
  const row = (name: string, count: number): string =>
    `  ${name.padStart(12)}  ${bar(count)}${count > 0 ? ' ' : ''}${count}`
  const failed = Object.entries(failures).map(([why, count]) => yellow(`  ${count} failed: ${why}`))
  const head = bold(`${target}: ${connects} connects, median ${medianMs} ms, worst ${worstMs} ms`)
  if (connects === 0) return `${[head, ...failed].join('\n')}\n`
  const share = `${lost} of ${connects} met a step of SYN retransmission; by 95 % ${lost > 0 ? `at least ${atLeast}, and by 95 % ` : ''}at most ${atMost} of 10,000 do`
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
