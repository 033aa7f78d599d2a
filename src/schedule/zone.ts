import type { Stretch, Zone } from '../contract/hazard.ts'

/** Coordinated universal time: one stretch without end. */
export const utc: Zone = {
  name: 'UTC',
  stretch: () => EVER,
}
const EVER: Stretch = { from: Number.NEGATIVE_INFINITY, to: Number.POSITIVE_INFINITY, offset: 0 }

/**
 * Adjacent stretches from a list of changes. `first`: the offset (ms) before any change; `changes` in order of time
 * (`at`: ms UTC). Changes that keep the offset (only a name or the daylight flag differs) vanish.
 */
export function stretchesOf(
  first: number,
  changes: readonly { readonly at: number; readonly offset: number }[],
): readonly Stretch[] {
  const stretches: Stretch[] = []
  let from = Number.NEGATIVE_INFINITY
  let offset = first
  for (const change of changes) {
    if (change.offset === offset) continue
    // Two changes at one instant: the later one counts.
    if (change.at > from) stretches.push({ from, to: change.at, offset })
    from = change.at
    offset = change.offset
  }
  stretches.push({ from, to: Number.POSITIVE_INFINITY, offset })
  return stretches
}

/** The stretch that holds `ms`, by halving; `stretches` are adjacent and cover all time. */
export function stretchAt(stretches: readonly Stretch[], ms: number): Stretch {
  let low = 0
  let high = stretches.length - 1
  while (low < high) {
    const middle = (low + high) >>> 1
    if (ms < (stretches[middle]?.to ?? 0)) high = middle
    else low = middle + 1
  }
  return stretches[low] ?? EVER
}

/**
 * A zone of known stretches. `later`, if there is one, says what holds from `laterFrom` on (ms UTC),
 * where the list ends. The last answer is kept: who asks once mostly asks for a near instant next.
 */
export function tableZone(
  name: string,
  stretches: readonly Stretch[],
  laterFrom = Number.POSITIVE_INFINITY,
  later?: (ms: number) => Stretch,
): Zone {
  let last = NONE
  return {
    name,
    stretch(ms) {
      if (ms >= last.from && ms < last.to) return last
      last = later && ms >= laterFrom ? later(ms) : stretchAt(stretches, ms)
      return last
    },
  }
}
const NONE: Stretch = { from: 0, to: 0, offset: 0 }
