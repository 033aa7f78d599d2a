import type { Context, Evidence, Finding, Item, Step, Verdict } from '../../contract/hazard.ts'
import { detector, list } from '../../contract/reads.ts'
import { clear, found, read, unknown } from '../../contract/verdicts.ts'
import { type ConntrackStatistics, type CpuCounters, growth } from '../../linux/conntrack.ts'
import { type ConntrackTable, isRead, type NetworkSeen, networkSeen } from '../../linux/network.ts'
import type { Settings } from './settings.ts'

/** The counters of one look. `ticks`: ms. */
interface Reading {
  readonly ticks: number
  readonly cpus: readonly CpuCounters[]
}

interface Remembered {
  /** The beginning of the window in which is counted, and of the one that follows it. */
  readonly begin: Reading
  readonly next?: Reading
}

/** Is there room in the table, and if not: who was turned away? */
export const node = detector({
  of: list(networkSeen),
  with: {},
  judge({ object }: Item<NetworkSeen>, _view, context: Context<Settings, Remembered>): Verdict<Remembered> {
    const { table, statistics } = object
    if (!isRead(table)) return unknown(table.because)
    const now = isRead(statistics) ? readingOf(statistics, context.ticks) : undefined
    const lost = now && context.before ? lostSince(context.before.begin, now) : undefined
    const remember = now && (lost && context.before ? rolled(context.before, now, context.settings) : { begin: now })
    const first = worst(table, lost, context.settings)
    const carried = remember && { remember }
    if (first) return { ...found(finding(first, table, lost)), ...carried }
    // The table alone says that there is room now, not whether there was all the time.
    if (!isRead(statistics))
      return { ...unknown(`who was turned away is not known: ${statistics.because}`), ...carried }
    return { ...clear, ...carried }
  },
})

const readingOf = ({ cpus }: ConntrackStatistics, ticks: number): Reading => ({
  ticks,
  cpus: cpus.map(({ drop = 0, early_drop = 0, chaintoolong = 0 }) => ({ drop, early_drop, chaintoolong })),
})

/** Half a window later a second beginning is kept, which takes over at its end. */
function rolled({ begin, next }: Remembered, now: Reading, { overSeconds }: Settings): Remembered {
  const over = overSeconds * 1000
  if (now.ticks - begin.ticks >= over && next) return { begin: next, next: now }
  return now.ticks - begin.ticks >= over / 2 && !next ? { begin, next: now } : { begin, ...(next && { next }) }
}

interface Lost {
  readonly forMs: number
  readonly dropped: number
  readonly thrownOut: number
  readonly longChains: number
}

/** Undefined if the counters were reset in between. */
function lostSince(begin: Reading, now: Reading): Lost | undefined {
  const [dropped, thrownOut, longChains] = ['drop', 'early_drop', 'chaintoolong'].map((name) =>
    growth(begin, now, name),
  )
  if (!dropped || !thrownOut || !longChains) return undefined
  const sum = (all: readonly number[]) => all.reduce((some, one) => some + one, 0)
  return {
    forMs: now.ticks - begin.ticks,
    dropped: sum(dropped),
    thrownOut: sum(thrownOut),
    longChains: sum(longChains),
  }
}

const shareOf = ({ count, max }: ConntrackTable): number => (max > 0 ? count / max : 0)

/** `drop` counts other losses too (it also grows with insert_failed): without a table that is nearly full it is not this. */
function worst(table: ConntrackTable, lost: Lost | undefined, { nearlyFull }: Settings): string | undefined {
  const full = shareOf(table) >= nearlyFull
  if (full && lost && lost.dropped > 0) return 'no-room'
  if (lost && lost.thrownOut > 0) return 'thrown-out'
  if (lost && lost.longChains > 0) return 'long-chains'
  return full ? 'nearly-full' : undefined
}

function finding(reason: string, table: ConntrackTable, lost: Lost | undefined): Finding {
  const { count, max, buckets } = table
  const share = `${count} of ${max} entries (${(shareOf(table) * 100).toFixed(0)} %)`
  const within = lost && `within ${Math.round(lost.forMs / 1000)} s`
  const facts: Readonly<Record<string, string>> = {
    'no-room': `${lost?.dropped} packets were dropped ${within}, with ${share} in use`,
    'thrown-out': `${lost?.thrownOut} entries were thrown out to make room ${within}; ${share} in use now`,
    'long-chains': `${lost?.longChains} packets were dropped ${within} since too many entries share a bucket, with ${share} in use${buckets ? ` and ${buckets} buckets` : ''}`,
    'nearly-full': `${share} are in use`,
  }
  const evidence: [Evidence, ...Evidence[]] = [
    read('entries', count, '/proc/sys/net/netfilter/nf_conntrack_count'),
    read('limit', max, '/proc/sys/net/netfilter/nf_conntrack_max'),
    ...(buckets === undefined ? [] : [read('buckets', buckets, '/proc/sys/net/netfilter/nf_conntrack_buckets')]),
    ...(lost
      ? [
          read('drop', lost.dropped, 'growth of all CPUs, /proc/net/stat/nf_conntrack'),
          read('early_drop', lost.thrownOut, 'growth of all CPUs, /proc/net/stat/nf_conntrack'),
          read('chaintoolong', lost.longChains, 'growth of all CPUs, /proc/net/stat/nf_conntrack'),
        ]
      : []),
  ]
  return {
    reason,
    ...(reason === 'nearly-full'
      ? { state: 'exposed' as const, certain: true as const, severity: 'high' as const }
      : { state: 'occurring' as const }),
    fact: facts[reason] ?? share,
    evidence,
    remedy: [reason === 'long-chains' ? moreBuckets(table) : moreRoom(table)],
  }
}

const moreRoom = ({ max }: ConntrackTable): Step => ({
  do: 'advise',
  why: 'each entry takes some 320 bytes; with kube-proxy set conntrack.maxPerCore, which sets it again at its start',
  command: `sysctl -w net.netfilter.nf_conntrack_max=${max * 2}`,
})

/**
 * As many buckets as entries is what the kernel chooses by itself since 5.15 (nf_conntrack-sysctl.rst); it was a fourth before, which
 * is also the least that kube-proxy sees to (cmd/kube-proxy/app/conntrack.go, SetMax).
 */
const moreBuckets = ({ max, buckets = 0 }: ConntrackTable): Step => ({
  do: 'advise',
  why: 'as many buckets as there may be entries; each takes 8 bytes, and the table is built anew at once. If there are that many already, find who opens so many connections between the same addresses',
  command: `sysctl -w net.netfilter.nf_conntrack_buckets=${Math.max(max, buckets)}`,
})
