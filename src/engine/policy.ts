// What may be done by itself: modes for each hazard and each of its named steps, and the limits that hold for all.
import { labelSelector } from '../objects/label-selector.ts'

/** `advise`: what would have been done is recorded and followed up; nothing is done. */
export const modes = ['observe', 'advise', 'act'] as const
export type Mode = (typeof modes)[number]

export interface HazardPolicy {
  readonly mode?: Mode
  /** By the name of a step; where it says nothing the hazard's mode counts. */
  readonly steps?: Readonly<Record<string, Mode>>
  /** A label selector: on other nodes it is observed. */
  readonly nodes?: string
  /** In other namespaces it is observed. */
  readonly namespaces?: readonly string[]
  /** Of the hazard itself, where they are not its defaults; its schema has taken them. */
  readonly settings?: Readonly<Record<string, unknown>>
}

/** A time of the week in which may be acted, UTC: minutes from Monday 00:00; `from` included, `to` excluded. */
export interface Window {
  readonly from: number
  readonly to: number
}

export interface Policy {
  readonly hazards: Readonly<Record<string, HazardPolicy>>
  /** None: at any time. */
  readonly windows: readonly Window[]
  /** In these nothing is ever done. */
  readonly protectedNamespaces: readonly string[]
  /** Besides Pods that are past their grace period: whether others may be ended, where their budget has room. */
  readonly healthyPods: boolean
  readonly perNodePerHour: number
  readonly perClusterPerHour: number
  /** How many statuses are corrected within a minute: that starts nothing by itself, so it is no act of those above. */
  readonly statusPerMinute: number
  /** How many runs are started within a minute. */
  readonly runsPerMinute: number
  /** How long the same step is not taken again for the same subject; an hour at most, since the budget forgets after it. */
  readonly coolDownSeconds: number
  readonly paused: boolean
}

/** Nothing is done by itself until somebody says so. */
export const defaultPolicy: Policy = {
  hazards: {},
  windows: [],
  protectedNamespaces: ['kube-system'],
  healthyPods: false,
  perNodePerHour: 3,
  perClusterPerHour: 20,
  statusPerMinute: 60,
  runsPerMinute: 10,
  coolDownSeconds: 1800,
  paused: false,
}

/** Where a step would be taken. `nodeLabels`: undefined if they could not be read. */
export interface Scope {
  readonly namespace?: string
  readonly nodeLabels?: Readonly<Record<string, string>>
}

const lower = (a: Mode, b: Mode): Mode => (modes.indexOf(a) < modes.indexOf(b) ? a : b)

/** The mode of a step: the policy's, and never over `ceiling`, which a flag sets. */
export function modeOf(
  policy: Policy,
  hazard: string,
  step: string | undefined,
  ceiling: Mode,
  scope: Scope = {},
): Mode {
  const own = policy.hazards[hazard] ?? {}
  if (!isWithin(own, scope)) return 'observe'
  const named = step === undefined ? undefined : own.steps?.[step]
  return lower(named ?? own.mode ?? 'observe', ceiling)
}

/** What lies outside of it, or can't be told to lie within, is only observed. */
function isWithin({ nodes, namespaces }: HazardPolicy, { namespace, nodeLabels }: Scope): boolean {
  if (namespaces && (namespace === undefined || !namespaces.includes(namespace))) return false
  return nodes === undefined || (nodeLabels !== undefined && labelSelector(nodes)(nodeLabels))
}

/** Whether a policy says at least that of a hazard, or of one of its steps. */
export function saysAtLeast({ hazards }: Policy, hazard: string, least: Mode): boolean {
  const { mode = 'observe', steps = {} } = hazards[hazard] ?? {}
  return [mode, ...Object.values(steps)].some((one) => modes.indexOf(one) >= modes.indexOf(least))
}

const minute = 60_000
const week = 7 * 24 * 60
/** 1 January 1970 was a Thursday. */
const mondayOffset = 3 * 24 * 60

const minuteOfWeek = (now: number): number => (Math.floor(now / minute) + mondayOffset) % week

/** Whether `now` (ms UTC) is in one of the policy's windows; one may go on over Sunday night. */
export function inWindow({ windows }: Policy, now: number): boolean {
  if (windows.length === 0) return true
  const at = minuteOfWeek(now)
  return windows.some(({ from, to }) => (from <= to ? at >= from && at < to : at >= from || at < to))
}

/** When the next of the policy's windows begins after `now` (both ms UTC); undefined if it has none. */
export function nextWindow({ windows }: Policy, now: number): number | undefined {
  if (windows.length === 0) return undefined
  const at = minuteOfWeek(now)
  const wait = Math.min(...windows.map(({ from }) => (from > at ? from - at : from - at + week)))
  return (Math.floor(now / minute) + wait) * minute
}
