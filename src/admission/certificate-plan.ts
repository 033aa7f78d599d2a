// What is to be done about the webhook's own certificate. Pure: by what the Secret holds, what this process served last, and for
// how long it has seen the API server being told. Whoever is served a certificate has to trust it before: so the next one's
// authority is told first, and the certificate served a while later; the one before stays trusted while others may serve it still.
import { expiresAt, faultOf, type Generation, renewedBefore } from './generation.ts'

/** What the Secret holds. */
export interface Kept {
  readonly current: Generation
  /** To be served once its authority is known to all API servers. */
  readonly next?: Generation
  /** The authority of the one before: other replicas may serve that still. */
  readonly previous?: string
}

export interface Situation {
  /** A text says why there is nothing to go by. */
  readonly found: Kept | string
  /** What this process serves, if it does. */
  readonly held: Generation | undefined
  /** For how long (ms) this process has seen the API server being told of all that is found. */
  readonly toldMs: number
  readonly names: readonly string[]
  /** ms UTC. */
  readonly now: number
}

/** What the Secret is to hold, if not the same; `make` where a new generation is wanted for it. */
export type Plan =
  | { readonly do: 'keep' }
  | { readonly do: 'write'; readonly kept: Kept; readonly because: string }
  | { readonly do: 'make'; readonly with: (fresh: Generation) => Kept; readonly because: string }

/** An API server hears of its webhooks by a watch, at once; where there are several, or one is busy, later (ms). */
export const toldFor = 60_000
/** All replicas look at the Secret three times a minute (ms): after so long none serves what was before. */
export const forgottenAfter = 3_600_000

export function planOf(situation: Situation): Plan {
  const { found, held, names, now } = situation
  const isGood = (one: Generation | undefined): one is Generation => !!one && faultOf(one, names, now) === undefined
  if (typeof found === 'string') {
    // Whoever deletes it wants another one. What is trusted is served until that one is trusted too.
    return isGood(held)
      ? {
          do: 'make',
          with: (next) => ({ current: held, next }),
          because: `${found}; the one that is served is kept until another is trusted`,
        }
      : { do: 'make', with: (current) => ({ current }), because: found }
  }
  const fault = faultOf(found.current, names, now)
  if (fault === undefined) return planOfGood(found, situation)
  if (isGood(found.next)) return { do: 'write', kept: nextServed(found, found.next), because: fault }
  return isGood(held)
    ? { do: 'make', with: (next) => ({ current: held, next }), because: fault }
    : { do: 'make', with: (current) => ({ current }), because: fault }
}

/** The one that is served can go on. */
function planOfGood(kept: Kept, { toldMs, names, now }: Situation): Plan {
  const { current, next, previous } = kept
  if (next) {
    const fault = faultOf(next, names, now)
    if (fault !== undefined)
      return { do: 'make', with: (fresh) => ({ ...kept, next: fresh }), because: `the next one: ${fault}` }
    if (toldMs < toldFor) return { do: 'keep' }
    return { do: 'write', kept: nextServed(kept, next), because: 'its authority is trusted' }
  }
  const left = (expiresAt(current.cert) ?? 0) - now
  if (left < renewedBefore) {
    const days = Math.floor(left / (24 * 3_600_000))
    return { do: 'make', with: (fresh) => ({ ...kept, next: fresh }), because: `it expires within ${days} days` }
  }
  if (previous !== undefined && toldMs >= forgottenAfter) {
    return { do: 'write', kept: { current }, because: 'nobody serves the one before any more' }
  }
  return { do: 'keep' }
}

const nextServed = ({ current }: Kept, next: Generation): Kept => ({ current: next, previous: current.ca })

/** What API servers have to trust, in PEM. It tells all that matters of the Secret: two that are the same need the same to be done. */
export const bundleOf = ({ current, next, previous = '' }: Kept): string => `${current.ca}${next?.ca ?? ''}${previous}`
