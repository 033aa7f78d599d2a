import type { Finding } from '../contract/hazard.ts'

/** What to mend first: it hurts now; it is sure to hurt once triggered, or did here within a week; it may hurt one day. */
export const tiers = ['broken', 'will-break', 'advice'] as const
export type Tier = (typeof tiers)[number]

/** The tier of a finding, from what its hazard knows of it. */
export function tierOf({ state, certain, lately }: Pick<Finding, 'state' | 'certain' | 'lately'>): Tier {
  if (state === 'occurring') return 'broken'
  return certain || lately ? 'will-break' : 'advice'
}

/** Whether a tier is `from` or one before it. */
export const isAtLeast = (tier: Tier, from: Tier): boolean => tiers.indexOf(tier) <= tiers.indexOf(from)
