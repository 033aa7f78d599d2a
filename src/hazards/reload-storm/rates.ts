// How often a Pod's configuration was reloaded, by what it told: a counter and its start, or an event with a count.
import type { Evidence, Item } from '../../contract/hazard.ts'
import { read, seen } from '../../contract/verdicts.ts'
import { timeText } from '../../objects/time.ts'
import type { Figures } from './figures.ts'
import type { PodSeen, ReloadEvent } from './pods-seen.ts'

const hour = 3_600_000
/** A controller that starts reloads a few times for that alone: so much has to be behind it (ms). */
const leastSpan = hour / 6
const leastReloads = 10
/** Events are kept for an hour unless told otherwise; what was not since then is over (ms). */
const justNow = hour

/** A mean over `overMs`: a single look knows no more. */
export interface Rate {
  readonly perHour: number
  readonly reloads: number
  readonly overMs: number
  /** Of what the mean is. */
  readonly since: string
  readonly evidence: readonly Evidence[]
}

/** What one Pod showed. */
export interface Shown {
  readonly pod: Item<PodSeen>
  readonly figures: Figures | undefined
  readonly events: readonly Item<ReloadEvent>[]
}

/** Its own counter, or else its events; undefined where neither tells, or too little for a rate. */
export function rateOf({ pod, figures, events }: Shown, now: number): Rate | undefined {
  if (figures?.reloads !== undefined) return byCounter(pod, figures, figures.reloads, now)
  const good = events.filter(({ object }) => !object.failed)
  const [latest] = good.toSorted((a, b) => (b.object.last ?? 0) - (a.object.last ?? 0))
  return latest && byEvent(latest, now)
}

function byCounter(
  { object, subject }: Item<PodSeen>,
  figures: Figures,
  reloads: number,
  now: number,
): Rate | undefined {
  const started = figures.started ?? object.started
  if (started === undefined) return undefined
  if (figures.lastGood !== undefined && now - figures.lastGood > justNow) return undefined
  const from = `metrics of Pod ${object.namespace}/${object.name}`
  const since = figures.started
    ? read('started', timeText(started), from)
    : seen('started', timeText(started), subject, 'status', 'containerStatuses')
  return rate(reloads, now - started, 'since it started', [read('reloads', reloads, from), since])
}

function byEvent({ subject, object: { count, first, last } }: Item<ReloadEvent>, now: number): Rate | undefined {
  if (first === undefined || last === undefined || now - last > justNow) return undefined
  return rate(count - 1, last - first, 'by its events', [
    seen('event RELOAD', `${count} times`, subject, 'count'),
    seen('first', timeText(first), subject, 'firstTimestamp'),
    seen('last', timeText(last), subject, 'lastTimestamp'),
  ])
}

function rate(reloads: number, overMs: number, since: string, evidence: readonly Evidence[]): Rate | undefined {
  if (reloads < leastReloads || overMs < leastSpan) return undefined
  return { perHour: (reloads * hour) / overMs, reloads, overMs, since, evidence }
}

/** Whether its last reload failed, and how that is known. */
export function failureOf(
  { pod, figures, events }: Shown,
  now: number,
): { text: string; evidence: Evidence } | undefined {
  const { namespace, name } = pod.object
  if (figures?.failed !== undefined) {
    if (!figures.failed) return undefined
    const good = figures.lastGood === undefined ? '' : `; the last good one was at ${timeText(figures.lastGood)}`
    return { text: good, evidence: read('last reload', 'failed', `metrics of Pod ${namespace}/${name}`) }
  }
  const [latest] = events.toSorted((a, b) => (b.object.last ?? 0) - (a.object.last ?? 0))
  const last = latest?.object.last
  if (!latest?.object.failed || last === undefined || now - last > justNow) return undefined
  const evidence = seen('event RELOAD', latest.object.message.trim().slice(0, mostMessage), latest.subject, 'message')
  return { text: `; at ${timeText(last)}, and none has succeeded since as far as its events tell`, evidence }
}

/** nginx says what is wrong within so many characters. */
const mostMessage = 400
