// What is remembered of a kubelet's relists from look to look: one that is well again says nothing of what was before.
import type { LongRelists, Relist } from './relist.ts'

/** Relists that took longer than the kubelet bears, as one incident; times in ms UTC. */
export interface Incident {
  /** When the first and the last of them began. */
  readonly first: number
  readonly last: number
  readonly times: number
  /** When the one after the last began, and the kubelet was well again; undefined while it is not. */
  readonly until?: number
}

export interface Remembered {
  readonly incident?: Incident
  /** How many long relists the kubelet had counted when none hung; undefined: it was never seen so. */
  readonly calm?: number
  readonly before: Pick<Relist, 'began' | 'hangs'>
  /** Who was mute while a relist hung, by name. */
  readonly mute: readonly string[]
}

/** Relists further apart than this are incidents of their own (ms). */
const apart = 86_400_000
/** The kubelet tells the beginning to the second (ms). */
const sameRelist = 1_500

const isSame = (a: number, b: number): boolean => Math.abs(a - b) < sameRelist

interface Now {
  readonly relist: Relist
  readonly long: LongRelists
  readonly mute: readonly string[]
}

export function rememberedOf(before: Remembered | undefined, { relist, long, mute }: Now): Remembered {
  const incident = incidentOf(before?.incident, relist)
  const { began, hangs } = relist
  const calm = isCalm(before, relist, mute) ? long.times : before?.calm
  return {
    ...(incident && { incident }),
    ...(calm !== undefined && { calm: Math.min(calm, long.times) }), // a kubelet that was restarted counts anew
    before: { began, hangs },
    mute: hangs
      ? [...new Set([...(incident ? (before?.mute ?? []) : []), ...mute])].slice(0, 20)
      : (before?.mute ?? []),
  }
}

function incidentOf(before: Incident | undefined, { began, over }: Relist): Incident | undefined {
  const known = before && began - before.last < apart ? before : undefined
  if (!over) return known && { until: began, ...known }
  if (!known) return { first: began, last: began, times: 1 }
  const { first, times } = known
  return isSame(known.last, began) ? { first, last: known.last, times } : { first, last: began, times: times + 1 }
}

/** One that hangs has begun a moment ago as well: where somebody is mute only two looks in a row tell it from one that is well. */
const isCalm = (before: Remembered | undefined, { began, hangs }: Relist, mute: readonly string[]): boolean =>
  !hangs && (mute.length === 0 || (before !== undefined && !before.before.hangs && !isSame(before.before.began, began)))
