// What the Ready condition says of relists, and what is remembered of it: Ready True says nothing of what was before.
import { type KubeletHealth, kubeletHealth } from '../../linux/kubelet-log.ts'
import type { Ready } from './reads.ts'

/** A relist that does not come back; times in ms UTC, durations in ms. */
export interface Stall {
  readonly lastRelist: number
  readonly ageMs: number
  readonly thresholdMs: number
}

/** What the kubelet says why it is NotReady; undefined while it is not, or says nothing. */
export const healthOf = ({ status, message }: Ready): KubeletHealth | undefined =>
  status === 'False' ? kubeletHealth(message) : undefined

/** The age was told with the heartbeat: the last relist was so long before that. */
export function stallOf({ heartbeat }: Ready, health: KubeletHealth | undefined, now: number): Stall | undefined {
  if (!health?.pleg) return undefined
  const lastRelist = (heartbeat ?? now) - health.pleg.ageMs
  return { lastRelist, ageMs: Math.max(now - lastRelist, health.pleg.ageMs), thresholdMs: health.pleg.thresholdMs }
}

/** The stalls that looks came upon, as one incident: when the first and the last began, ms UTC. */
export interface Remembered {
  readonly first: number
  readonly last: number
}

/** Stalls further apart than this are incidents of their own (ms). */
const apart = 86_400_000
/** For so long an incident is remembered (ms). */
const lately = 7 * 86_400_000

/** A stall joins the incident before it. */
export function remembered(
  before: Remembered | undefined,
  stall: Stall | undefined,
  now: number,
): Remembered | undefined {
  if (!stall) return before && now - before.last < lately ? before : undefined
  const known = before && stall.lastRelist - before.last < apart ? before : undefined
  return { first: known?.first ?? stall.lastRelist, last: stall.lastRelist }
}

/** An inspection is given up after 2 minutes, and a relist may make two of one container; a minute for the rest. */
const longestHang = 4 * 60_000 + 60_000

/** What comes next, in words. */
export const forecast = ({ ageMs }: Stall): string =>
  ageMs <= longestHang
    ? 'once the inspection has timed out it turns Ready, and NotReady again minutes later, for as long as the container that hangs is there'
    : 'longer than one container can keep it (two inspections of 2 min each), so waiting does not help'
