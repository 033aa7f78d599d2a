// Packets that lost their place in the conntrack table. Counters only tell by how much they grow: a few readings of the last minutes, what
// became of them, and what is the likeliest cause. One answer for all who ask, so that one cause is not told twice.
import { type ConntrackStatistics, type CpuCounters, growth, type KernelVersion } from './conntrack.ts'
import { type Destinations, type Nearness, nearest, nearShare } from './destinations.ts'
import { isRead, type NatRules, type NetworkSeen, type PodNetwork } from './network.ts'
import type { SnatRule } from './snat-rules.ts'

/** One reading. `ticks`: ms. */
export interface Reading {
  readonly ticks: number
  readonly cpus: readonly CpuCounters[]
  /** Connections that were begun, as far as they are counted. */
  readonly opens: number | undefined
  readonly pods?: PodCounters
}

/** By the inode of the Pod's namespace: SYNs sent again, datagrams sent, datagrams that came. */
type PodCounters = Readonly<Record<string, readonly [again: number, out: number, back: number]>>

/** What was seen of a window of time. */
export interface Loss {
  readonly forMs: number
  /** Per CPU; those of chains that are too long are taken off where they are told. */
  readonly perCpu: readonly number[]
  readonly lost: number
  /** Packets that conntrack dropped: before Linux 5.10 some of `lost` went on, and are not among these. */
  readonly dropped: number | undefined
  readonly opens: number | undefined
  /** What Pods that were there all the time saw of it; undefined if theirs was not read. */
  readonly pods: PodLoss | undefined
}

export interface PodLoss {
  /** SYNs that were sent again. */
  readonly again: number
  /** Datagrams that went out for which none came back. Those that nobody answers by design are among them. */
  readonly unanswered: number
}

const counted = ['insert_failed', 'chaintoolong', 'drop', 'insert']

/** Only what is counted is kept: a node has 64 CPUs with 17 counters. */
export const readingOf = (
  { cpus }: ConntrackStatistics,
  ticks: number,
  opens: number | undefined,
  pods?: PodCounters,
): Reading => ({
  ticks,
  opens,
  cpus: cpus.map((cpu) =>
    Object.fromEntries(counted.flatMap((name) => (cpu[name] === undefined ? [] : [[name, cpu[name]]]))),
  ),
  ...(pods && { pods }),
})

/** ms between readings that are kept: twenty in ten minutes. */
const apart = 30_000

/** Adds one. The newest of those that are older than the window stays as its beginning; of newer ones one in 30 s. */
export function withReading(before: readonly Reading[], now: Reading, windowMs: number): readonly Reading[] {
  const begin = before.findLast(({ ticks }) => now.ticks - ticks >= windowMs)
  const kept = before.filter((one) => one === begin || now.ticks - one.ticks < windowMs)
  const last = kept.at(-1)
  return last && now.ticks - last.ticks < apart && kept.length > 1 ? kept : [...kept, now]
}

/** What was lost from the first reading to now; undefined if counters were reset in between, or there is no first one. */
export function lossSince(readings: readonly Reading[], now: Reading): Loss | undefined {
  const [first] = readings
  if (!first || first.ticks >= now.ticks) return undefined
  const failed = growth(first, now, 'insert_failed')
  if (!failed) return undefined
  const long = growth(first, now, 'chaintoolong')
  const perCpu = failed.map((count, cpu) => Math.max(0, count - (long?.[cpu] ?? 0)))
  return {
    forMs: now.ticks - first.ticks,
    perCpu,
    lost: sumOf(perCpu),
    dropped: allOf(growth(first, now, 'drop')),
    opens: opensBetween(first, now),
    pods: first.pods && now.pods && podLoss(first.pods, now.pods),
  }
}

const sumOf = (all: readonly number[]): number => all.reduce((sum, one) => sum + one, 0)
const allOf = (all: readonly number[] | undefined): number | undefined => all && sumOf(all)

/** Where nobody counts connections, old kernels count what they insert. A Pod that ended takes its count along. */
function opensBetween(first: Reading, now: Reading): number | undefined {
  if (first.opens !== undefined && now.opens !== undefined && now.opens > first.opens) return now.opens - first.opens
  return allOf(growth(first, now, 'insert')) || undefined
}

function podLoss(first: PodCounters, now: PodCounters): PodLoss {
  let [again, unanswered] = [0, 0]
  for (const [namespace, [syns, out, back]] of Object.entries(now)) {
    const begin = first[namespace]
    if (!begin) continue
    again += Math.max(0, syns - begin[0])
    // Of each Pod by itself: one that gets more than it sends says nothing of others.
    unanswered += Math.max(0, out - begin[1] - (back - begin[2]))
  }
  return { again, unanswered }
}

function countersOf(pods: readonly PodNetwork[]): PodCounters {
  const told = pods.flatMap(({ namespace, tcp, udp }) =>
    udp && tcp.synRetransmits !== undefined
      ? [[namespace, [tcp.synRetransmits, udp.out, udp.in + udp.refused] as const] as const]
      : [],
  )
  return Object.fromEntries(told)
}

/** What is kept from look to look. */
export interface Watched {
  readonly readings: readonly Reading[]
  /** What held then: what was lost under other rules, or while a destination had no port left, says nothing of now. */
  readonly under: string
}

/** @returns what was lost within the window, undefined at its first reading; and what has to be remembered for the next. */
export function watch(
  network: NetworkSeen,
  statistics: ConntrackStatistics,
  before: Watched | undefined,
  { ticks, overSeconds }: { readonly ticks: number; readonly overSeconds: number },
): { readonly loss: Loss | undefined; readonly remember: Watched } {
  const under = [...racingOf(network).map(({ text }) => text), nearOf(network) ? 'near' : ''].join('\n')
  const readings = before?.under === under ? before.readings : []
  const { pods } = network
  const now = readingOf(statistics, ticks, opensOf(network), isRead(pods) ? countersOf(pods) : undefined)
  const loss = lossSince(readings, now)
  // After a reset the old readings say nothing of the new counters.
  return { loss, remember: { under, readings: loss ? withReading(readings, now, overSeconds * 1000) : [now] } }
}

const opensOf = ({ pods }: NetworkSeen): number | undefined =>
  isRead(pods) && pods.length > 0 ? sumOf(pods.map(({ tcp }) => tcp.activeOpens ?? 0)) : undefined

const races = ({ ports }: SnatRule): boolean => ports !== 'fully-random'

/** Rules that give flows of different Pods the same port, as far as rules were read. */
export const racingOf = ({ rules }: NetworkSeen): readonly SnatRule[] => (isRead(rules) ? rules.snat.filter(races) : [])

/** The destination that is near the end of its ports, if one is. */
export function nearOf({ rules, destinations }: NetworkSeen): Nearness | undefined {
  const all: Destinations = destinations && isRead(destinations) ? destinations : { busiest: [] }
  const first = nearest(all, isRead(rules) ? rules.snat : [])
  return first && first.used >= nearShare ? first : undefined
}

/** Whether UDP to port 53 is translated, and passes conntrack: then two questions of one socket may clash. */
export const translatesDns = ({ dns }: NatRules): boolean =>
  dns !== undefined && dns.translated.length > 0 && dns.untracked.length === 0

/**
 * Whether the kernel resolves all clashes of UDP behind DNAT. In steps: those that chose the same destination since 4.19 ("nf_conntrack: resolve
 * clash for matching conntracks", ed07d9a021df) and 5.0 ("nf_nat: skip nat clash resolution for same-origin entries",
 * 4e35c1cb9460), those that chose different ones since 5.6 ("conntrack: allow insertion of clashing entries", 6a757c07e51f).
 * Distributions took them into older releases, which the number does not tell.
 */
export const resolvesDatagrams = ({ major, minor }: KernelVersion): boolean => major > 5 || (major === 5 && minor >= 6)

/**
 * What the lost packets were, by what Pods saw of it. A lost SYN is sent again by its Pod's kernel, which counts that; a lost
 * datagram leaves one without an answer. Undefined where both or neither explain the losses, or Pods were not read.
 */
export function sortOf({ lost, dropped = lost, pods }: Loss): 'syns' | 'datagrams' | undefined {
  if (!pods) return undefined
  const really = Math.min(lost, dropped)
  const rest = really - pods.again
  if (really > 0 && rest * 2 >= really && pods.unanswered >= rest) return 'datagrams'
  return pods.again * 2 >= really && pods.unanswered * 2 < really ? 'syns' : undefined
}

/** Two flows that chose one port, two datagrams that chose two destinations, or no port that was free. */
export type Taker = 'race' | 'datagrams' | 'ports'

/** The likeliest cause of what was lost. */
export function takenBy(network: NetworkSeen, loss: Loss): Taker {
  const { rules, kernel } = network
  if (nearOf(network)) return 'ports'
  const sort = sortOf(loss)
  const viaDns = isRead(rules) && translatesDns(rules)
  if (viaDns && sort === 'datagrams') return 'datagrams'
  if (!isRead(rules) || rules.unread.length > 0 || rules.snat.some(races)) return 'race'
  const mayClash = viaDns && sort === undefined && kernel !== undefined && !resolvesDatagrams(kernel)
  return mayClash ? 'datagrams' : 'ports'
}
