// Whether a node turns NotReady again and again, and what for.
import type { Evidence, Finding, Item, Step } from '../../contract/hazard.ts'
import { seen } from '../../contract/verdicts.ts'
import { durationText, timeText } from '../../objects/time.ts'
import { type Judging, readySeen } from './judging.ts'
import type { NodeEvent, What } from './reads.ts'
import { findContainer, lookAtKubelet, lookAtSilence, restartRuntime } from './remedy.ts'
import { type Incident, instantsOf, latestIncident } from './rhythm.ts'

/** How far back is looked (ms). */
const lately = 7 * 86_400_000
/** A node that flaps is NotReady again by then: Ready in between is no cure (ms). */
const stillOn = 30 * 60_000
/** Clocks of nodes and of the control plane may differ by this much (ms). */
const clockSkew = 300_000
/** A kubelet that starts is NotReady until it has asked the runtime once; that is no failure (ms). */
const startTakes = 120_000

/**
 * 3 minutes until it is unhealthy, at most 4 for an inspection: from one NotReady to the next it takes about 4 minutes,
 * less where it overlaps, more where a relist comes through in between (ms).
 */
const plegRhythm = { shortest: 150_000, longest: 600_000 }
/** What the kubelet calls unhealthy; where no message tells the threshold (ms). */
const threshold = 180_000

type Row = Incident & { readonly what: Extract<What, 'not-ready' | 'silent'> }

/** The latest incident, if there is one within the last seven days. */
export function flapping(judging: Judging): Finding | undefined {
  const rows = [rowOf(judging, 'not-ready'), rowOf(judging, 'silent')].filter((row) => row !== undefined)
  const [row] = rows.toSorted((a, b) => b.last - a.last)
  if (!row) return undefined
  const { ready, now, item } = judging
  const occurring = now - row.last < stillOn
  const cause = causeOf(judging, row)
  const over = ready.status === 'True' && occurring ? '; that it is Ready now does not end it' : ''
  return {
    reason: 'flapping',
    ...(occurring ? { state: 'occurring' as const } : { state: 'exposed' as const, lately: true as const }),
    ...(cause.guess && { guess: true as const }),
    fact: `NotReady ${row.times} times within ${durationText(row.last - row.first)}, every ${durationText(Math.round(row.period / 10_000) * 10_000)} on average, ${cause.text}: one incident, since ${timeText(cause.since)}${over}`,
    evidence: [readySeen(judging), ...rowSeen(judging, row), ...(cause.proof ? [cause.proof] : [])],
    remedy: cause.remedy(item.subject.name),
  }
}

function rowOf({ events, item, ready, now }: Judging, what: Row['what']): Row | undefined {
  const from = Math.max(now - lately, item.object.created ?? Number.NEGATIVE_INFINITY)
  const of = (one: What) => events.flatMap(({ object }) => (object.what === one ? [object] : []))
  const starts = instantsOf(of('started'), from, now + clockSkew)
  const told = instantsOf([...of(what), ...current(ready, what)], from, now + clockSkew)
  const instants =
    what === 'silent' ? told : told.filter((at) => !starts.some((start) => Math.abs(at - start) < startTakes))
  const incident = latestIncident(instants)
  return incident && { ...incident, what }
}

/** Events are left out when there are too many, and forgotten after an hour: the condition tells the latest by itself. */
function current({ status, changed }: Judging['ready'], what: Row['what']) {
  const of = status === 'True' ? undefined : status === 'False' ? 'not-ready' : 'silent'
  return of === what && changed !== undefined ? [{ first: changed, last: changed, count: 1 }] : []
}

interface Cause {
  readonly text: string
  /** From when on, ms UTC. */
  readonly since: number
  readonly guess?: true
  readonly proof?: Evidence
  readonly remedy: (node: string) => readonly Step[]
}

function causeOf(judging: Judging, row: Row): Cause {
  const { memory, stall, health, item, events } = judging
  if (row.what === 'silent') {
    return { text: 'because its kubelet fell silent', since: row.first, remedy: (node) => [lookAtSilence(node)] }
  }
  const remedy = (node: string): readonly Step[] => [findContainer(node), restartRuntime(item.object)]
  const stalledFrom = row.first - (stall?.thresholdMs ?? threshold)
  if (memory && memory.last >= row.first - lookBack && memory.first <= row.last) {
    // A message gives the instant; if the first one that was seen is not of the first stall, that one began earlier.
    const since = memory.first <= row.first ? memory.first : stalledFrom
    return { text: 'because relists stall', since, remedy }
  }
  if (health && !health.starting && health.other !== '') {
    return { text: `the last time since: ${health.other}`, since: row.first, remedy: (node) => [lookAtKubelet(node)] }
  }
  const failed = events.find(({ object }) => object.what === 'collect-failed' && object.last >= stalledFrom)
  if (failed) {
    const proof = seen('event ContainerGCFailed', failed.object.message, failed.subject, 'message')
    return {
      text: 'while the runtime did not answer in time (that relists stall for it is a guess)',
      since: stalledFrom,
      guess: true,
      proof,
      remedy,
    }
  }
  if (row.period >= plegRhythm.shortest && row.period <= plegRhythm.longest) {
    return {
      text: 'the rhythm of relists that stall (a guess: events do not say why)',
      since: stalledFrom,
      guess: true,
      remedy,
    }
  }
  return {
    text: 'by its own account (events do not say why)',
    since: row.first,
    remedy: (node) => [lookAtKubelet(node), findContainer(node)],
  }
}

/** A stall begins before the NotReady that it leads to; of a whole incident some may have been missed (ms). */
const lookBack = 3_600_000

/** The events that were counted, the latest first, with the figures of the incident. */
function rowSeen({ events }: Judging, row: Row): Evidence[] {
  const own = events.filter(({ object: { what, last } }) => what === row.what && last <= row.last + clockSkew)
  const [latest] = own.toSorted((a: Item<NodeEvent>, b: Item<NodeEvent>) => b.object.last - a.object.last)
  if (!latest) return []
  const at = (name: string, value: string | number): Evidence => seen(name, value, latest.subject, 'lastTimestamp')
  return [
    at('times NotReady', row.times),
    at('period in seconds', Math.round(row.period / 1000)),
    at('last time NotReady', timeText(row.last)),
  ]
}
