// What looks that follow each other tell: how long endpoints were listed, and Pods that were not ready in between.
import type { Finding, Item } from '../../contract/hazard.ts'
import { read } from '../../contract/verdicts.ts'
import { durationText, timeText } from '../../objects/time.ts'
import type { Judging } from './judging.ts'
import { justNow } from './pod-events.ts'
import type { PodSeen } from './pods-seen.ts'
import { type Drop, droppedAt } from './readiness.ts'
import { advise } from './remedy.ts'
import { doubt, type Listed, servesOn } from './stopping.ts'

/** How long an endpoint was listed after the deletion: not less than `least`, and once it was seen gone, not more than `most` (ms, give or take clocks). */
export interface Lag {
  readonly pod: string
  readonly service: string
  readonly deletedAt: number
  readonly least: number
  readonly most?: number
  /** When it was last seen listed, ms UTC. */
  readonly at: number
}

type Readiness = readonly [since: number, started: number]

/** Of a workload, from look to look. */
export interface Remembered {
  readonly lags: readonly Lag[]
  /** Pods that ran and were ready, by uid. */
  readonly ready: Readonly<Record<string, Readiness>>
  readonly drops: readonly Drop[]
}

/** So many are enough to tell of. */
const mostKept = 20

/** For so long a measured lag is told (ms). */
const keptFor = 86_400_000

/** Undefined if there is nothing to remember. */
export function remembered(
  before: Remembered | undefined,
  mine: readonly Item<PodSeen>[],
  listed: readonly Listed[],
  now: number,
): Remembered | undefined {
  const lags = lagsOf(before?.lags ?? [], listed, now)
  const drops = [...(before?.drops ?? []), ...newDrops(before, mine)]
    .filter(({ at }) => now - at < justNow)
    .slice(-mostKept)
  const ready = Object.fromEntries(
    mine.flatMap(({ object: { uid, ready, started, deletedAt } }): [string, Readiness][] =>
      ready?.is && started !== undefined && deletedAt === undefined ? [[uid, [ready.since, started]]] : [],
    ),
  )
  const some = lags.length > 0 || drops.length > 0 || Object.keys(ready).length > 0
  return some ? { lags, drops, ready } : undefined
}

function lagsOf(before: readonly Lag[], listed: readonly Listed[], now: number): Lag[] {
  const current = listed.map(({ pod, slice, age }): Lag => {
    const { name, deletedAt = now } = pod.object
    return { pod: name, service: slice.object.service, deletedAt, least: age, at: now }
  })
  const still = new Set(current.map(({ pod }) => pod))
  const past = before
    .filter(({ pod, at }) => !still.has(pod) && now - at < keptFor)
    .map((lag) => ({ ...lag, most: lag.most ?? now - lag.deletedAt }))
  return [...past, ...current].toSorted((a, b) => b.least - a.least).slice(0, mostKept)
}

/** It was ready, its containers have not started anew, and now it is not, or is so since later. */
const newDrops = (before: Remembered | undefined, mine: readonly Item<PodSeen>[]): Drop[] =>
  mine.flatMap(({ object }): Drop[] => {
    const { uid, name, ready, started, deletedAt } = object
    const [since, start] = before?.ready[uid] ?? []
    if (since === undefined || start !== started || !ready || deletedAt !== undefined || ready.since <= since) return []
    return [{ pod: name, at: droppedAt(object) ?? ready.since }]
  })

/** Endpoints that were listed for longer than their Pods waited: told once they are gone, since then both ends are known. */
export function measuredLag(judging: Judging, memory: Remembered | undefined): Finding[] {
  const serves = servesOn(judging)
  const past = (memory?.lags ?? []).filter(({ most }) => most !== undefined)
  const [longest] = past.toSorted((a, b) => b.least - a.least)
  if (serves === undefined || !longest || longest.least <= serves + doubt) return []
  const { pod, service, least, most = least, at } = longest
  return [
    {
      reason: 'slow-endpoints',
      state: 'exposed',
      lately: true,
      severity: 'high',
      fact: `Service ${service} listed Pod ${pod} for ${durationText(least)} to ${durationText(most)} after its deletion, while it waits ${durationText(serves)} at most`,
      evidence: [
        read(
          'endpoint last seen',
          `${timeText(at)}, ${durationText(least)} after the deletion`,
          `the endpoints of ${service}, look by look`,
        ),
      ],
      remedy: [
        advise(
          `let its Pods wait longer than ${durationText(most)} in preStop, and look at what keeps kube-controller-manager busy`,
        ),
      ],
    },
  ]
}
