// The spec of a CronJob, a ZonedCronJob or cronjobber's TZCronJob as that of another. Pure but for the tree that it edits.
import { type Document, isMap, isScalar, type YAMLMap } from 'yaml'
import type { Zone, Zones } from '../contract/hazard.ts'
import { dependsOnZone, upsetRuns } from '../schedule/clock-changes.ts'
import { acceptedSchedule, acceptedZone, Refused } from '../schedule/refusals.ts'
import type { Schedule } from '../schedule/schedule.ts'
import { zonePrefix } from '../schedule/timing.ts'

export type Target = 'CronJob' | 'ZonedCronJob'

export interface SpecContext {
  readonly from: string
  readonly to: Target
  readonly zones: Zones
  readonly controllerZone: string
  /** ms UTC. */
  readonly now: number
  readonly document: Document
  readonly say: (level: 'error' | 'warning', text: string) => void
}

/** Fields that all of them have, with the same meaning. */
const shared = [
  ...['schedule', 'startingDeadlineSeconds', 'concurrencyPolicy', 'suspend', 'jobTemplate'],
  ...['successfulJobsHistoryLimit', 'failedJobsHistoryLimit'],
]

/** What each has besides. */
const own: Readonly<Record<string, readonly string[]>> = {
  CronJob: ['timeZone'],
  TZCronJob: ['timezone'],
  ZonedCronJob: ['timeZone', 'mode', 'daylightSaving', 'missedRuns', 'spread'],
}

/** The fields of a kind's spec that are known here. */
export const specFields = (kind: string): readonly string[] => [...shared, ...(own[kind] ?? [])]

const year = 366 * 86_400_000

/** Edits the spec so that what runs when stays the same; where it can't be, it is said. */
export function convertSpec(spec: YAMLMap, context: SpecContext): void {
  const { from, to, say } = context
  for (const { key } of spec.items) {
    const name = isScalar(key) ? String(key.value) : ''
    if (name === '<<') say('error', 'spec: it is merged from elsewhere (<<): write it out')
    else if (!specFields(from).includes(name)) say('error', `spec.${name}: a ${from} has no such field`)
  }
  if (!isMap(spec.get('jobTemplate'))) say('error', 'spec.jobTemplate: Required value')
  const timed = timesIn(spec, context)
  if (!timed) return
  const { schedule, zone, named } = timed
  if (from === 'ZonedCronJob' && to === 'CronJob') withoutPolicies(spec, schedule, zone, context)
  if (from !== 'ZonedCronJob' && to === 'ZonedCronJob') asBefore(spec, schedule, named, context)
}

interface Timed {
  readonly schedule: Schedule
  readonly zone: Zone
  /** Whether a zone stood there. */
  readonly named: boolean
}

/** Puts the zone where it belongs: `spec.timeZone`. Undefined if what stands there can't be used, which was said. */
function timesIn(spec: YAMLMap, context: SpecContext): Timed | undefined {
  const { from, to, zones, controllerZone, document, say } = context
  try {
    const { bare, name } = given(spec, context)
    const fallback = from === 'ZonedCronJob' ? 'UTC' : controllerZone
    const zone = acceptedZone(name ?? fallback, zones)
    const schedule = acceptedSchedule(bare, undefined, zones)
    const isNeeded = to === 'ZonedCronJob' || from === 'ZonedCronJob'
    place(spec, document, bare, name ?? (isNeeded ? fallback : undefined))
    return { schedule, zone, named: name !== undefined }
  } catch (error) {
    if (!(error instanceof Refused)) throw error
    say('error', error.message)
    return undefined
  }
}

/** The schedule without a zone, and the name of the zone that counts; as its own kind takes them. @throws Refused */
function given(spec: YAMLMap, { from, zones, say }: SpecContext): { bare: string; name: string | undefined } {
  const text = spec.get('schedule')
  const field = from === 'TZCronJob' ? 'timezone' : 'timeZone'
  const zone = spec.get(field)
  if (text === undefined || text === null) throw new Refused('spec.schedule: Required value')
  if (typeof text !== 'string') throw new Refused('spec.schedule: Invalid value: expected a text')
  if (zone !== undefined && zone !== null && typeof zone !== 'string')
    throw new Refused(`spec.${field}: Invalid value: expected a text`)
  const beside = zone || undefined
  const prefix = zonePrefix(text)
  if (from === 'TZCronJob' && prefix && beside !== undefined) {
    // It hands the zone's time to a schedule that has a zone of its own, which wins (robfig/cron, SpecSchedule.Next).
    say(
      'warning',
      `spec.timezone: ${beside} never counted, since ${prefix.zone} stands in the schedule: it is left out`,
    )
  }
  acceptedSchedule(text, from === 'TZCronJob' ? undefined : beside, zones)
  const inside = prefix && prefix.zone !== 'Local' ? prefix.zone || 'UTC' : undefined
  return { bare: prefix?.rest ?? text, name: inside ?? beside }
}

/** The schedule without its zone, and the zone right behind it; where it stood before it keeps its place and comment. */
function place(spec: YAMLMap, document: Document, schedule: string, zone: string | undefined): void {
  const node = spec.get('schedule', true)
  if (isScalar(node) && node.value !== schedule) node.value = schedule
  const old = spec.items.find(({ key }) => isScalar(key) && (key.value === 'timeZone' || key.value === 'timezone'))
  if (zone === undefined) {
    if (old) spec.delete(old.key)
    return
  }
  if (old && isScalar(old.key)) {
    old.key.value = 'timeZone'
    if (isScalar(old.value)) old.value.value = zone
    return
  }
  insertAfter(spec, document, 'schedule', 'timeZone', zone)
}

function insertAfter(spec: YAMLMap, document: Document, after: string, key: string, value: unknown): void {
  const at = spec.items.findIndex((pair) => isScalar(pair.key) && pair.key.value === after)
  spec.items.splice(at + 1, 0, document.createPair(key, value) as (typeof spec.items)[number])
}

/** A ZonedCronJob runs once what a CronJob skips or runs twice: what was before is said outright. */
function asBefore(
  spec: YAMLMap,
  schedule: Schedule,
  named: boolean,
  { controllerZone, document, say }: SpecContext,
): void {
  if (schedule.kind === 'every') {
    say('warning', 'spec.schedule: @every counts from the creation of a ZonedCronJob, not from its last run')
    return
  }
  // What runs in every hour of every day is touched by no change.
  if (!dependsOnZone(schedule)) return
  if (!named)
    say(
      'warning',
      `spec.timeZone: none was named, so ${controllerZone} is taken for the zone of kube-controller-manager (--controller-zone)`,
    )
  const policies = document.createNode({ skipped: 'skip', repeated: 'twice' })
  insertAfter(spec, document, 'timeZone', 'daylightSaving', policies)
}

/** What a CronJob can't be told is an error where it was asked for, and a warning where it only is the default. */
function withoutPolicies(spec: YAMLMap, schedule: Schedule, zone: Zone, { now, say }: SpecContext): void {
  if (schedule.kind === 'every')
    say('warning', 'spec.schedule: @every counts from the last run of a CronJob, not from its creation')
  const upset = upsetRuns(schedule, zone, now, now + year)
  const saving = spec.get('daylightSaving')
  const policies = [
    ['skipped', 'skip', 'skipped', 'a CronJob skips'],
    ['repeated', 'twice', 'doubled', 'a CronJob runs twice'],
  ] as const
  for (const [field, native, effect, does] of policies) {
    const asked = isMap(saving) ? saving.get(field) : undefined
    if (asked === native) continue
    const path = `spec.daylightSaving.${field}`
    if (asked !== undefined) say('error', `${path}: ${asked} can't be said of a CronJob`)
    else {
      const next = upset.find((one) => one.effect === effect)
      if (next)
        say('warning', `${path}: ${does} what a ZonedCronJob runs once, next at ${next.wallTime} of ${zone.name}`)
    }
  }
  spec.delete('daylightSaving')
  missedRuns(spec, say)
  if (spec.get('spread') !== undefined) say('error', "spec.spread: it can't be said of a CronJob")
  spec.delete('spread')
  spec.delete('mode')
}

/** A CronJob starts the latest missed run, as long as its deadline is not over: the policy `last`. */
function missedRuns(spec: YAMLMap, say: SpecContext['say']): void {
  const missed = spec.get('missedRuns')
  spec.delete('missedRuns')
  if (!isMap(missed)) return
  const policy = missed.get('policy')
  if (policy !== undefined && policy !== 'last')
    say('error', `spec.missedRuns.policy: ${policy} can't be said of a CronJob`)
  const deadline = missed.get('deadlineSeconds')
  if (deadline === undefined) return
  const field = 'spec.missedRuns.deadlineSeconds'
  if (spec.get('startingDeadlineSeconds') === undefined) {
    spec.set('startingDeadlineSeconds', deadline)
    say('warning', `${field}: it becomes startingDeadlineSeconds, which holds for every run`)
  } else say('error', `${field}: a CronJob has one deadline, startingDeadlineSeconds`)
}
