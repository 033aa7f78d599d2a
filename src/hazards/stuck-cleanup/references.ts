// Entries of status.active that name no running Job. Both native controllers take them out at each sync, within seconds (v1.20
// cronjob_controller.go syncOne: "delete it from the active list"; v1.21 cronjob_controllerv2.go syncCronJob: MissingJob).
import type { CronJob } from 'kubernetes-types/batch/v1.js'
import type { ObjectReference } from 'kubernetes-types/core/v1.js'
import type { Evidence, Finding, Item } from '../../contract/hazard.ts'
import { seen } from '../../contract/verdicts.ts'
import { keyOf } from '../../objects/owners.ts'
import { plannedByName } from '../../objects/planned.ts'
import { durationText, timeOf, timeText } from '../../objects/time.ts'
import type { NamedJob } from './reads.ts'
import { advise, dropReferences } from './remedy.ts'

/**
 * What looks remember of Jobs that are gone, by the name in the reference. `since`: ms UTC. `guess`: it was so when this CronJob was
 * first looked at; since when is then not known, and the Job's planned time stands for it.
 */
export type Gone = Readonly<Record<string, { readonly since: number; readonly guess: boolean }>>

interface Dead {
  readonly name: string
  readonly place: number
  /** ms UTC; undefined where nothing tells. */
  readonly since: number | undefined
  readonly is: 'gone' | 'finished'
  readonly guess: boolean
}

/** References to Jobs that are gone, as they are to be remembered. */
export function goneIn(
  item: Item<CronJob>,
  named: ReadonlyMap<string, readonly Item<NamedJob>[]>,
  before: Gone | undefined,
  now: number,
): Gone {
  const gone = (item.object.status?.active ?? []).filter((reference) => jobOf(item, reference, named) === undefined)
  return Object.fromEntries(
    gone.map(({ name = '' }) => {
      const first = { since: plannedByName(name, item.subject.name) ?? now, guess: true }
      return [name, before?.[name] ?? (before ? { since: now, guess: false } : first)]
    }),
  )
}

/** The Job that a reference means; one of the same name that was made anew is another. */
function jobOf(
  { subject }: Item<CronJob>,
  { name, namespace, uid }: ObjectReference,
  named: ReadonlyMap<string, readonly Item<NamedJob>[]>,
): NamedJob | undefined {
  const job = named.get(keyOf(namespace ?? subject.namespace, name))?.[0]?.object
  return job?.uid !== undefined && uid !== undefined && job.uid !== uid ? undefined : job
}

/** References that have been dead for longer than `patience` (ms), in one finding. */
export function deadReferences(
  item: Item<CronJob>,
  named: ReadonlyMap<string, readonly Item<NamedJob>[]>,
  gone: Gone,
  now: number,
  patience: number,
): Finding | undefined {
  const dead = (item.object.status?.active ?? [])
    .flatMap((reference, place) => deadOf(item, reference, place, named, gone) ?? [])
    .filter(({ since }) => since !== undefined && now - since > patience)
  const [first] = dead
  if (!first) return undefined
  const { subject, object } = item
  const policy = object.spec?.concurrencyPolicy ?? 'Allow'
  const guess = dead.every((one) => one.guess)
  const entry = ({ name, is, place }: Dead) => seen(`active Job, ${is}`, name, subject, 'status', 'active', place)
  const names = dead.map(({ name }) => name).join(', ')
  return {
    reason: 'dead-reference',
    state: 'occurring',
    severity: policy === 'Forbid' ? 'high' : 'medium',
    ...(guess && { guess: true as const }),
    fact: `status.active names Job ${names}, which ${whatIs(first, now)}${policy === 'Forbid' ? '; Forbid starts no run as long as it stands there' : ''}${guess ? ' (seen once: that it stays is a guess)' : ''}`,
    evidence: [
      entry(first),
      ...dead.slice(1).map(entry),
      seen('concurrency', policy, subject, 'spec', 'concurrencyPolicy'),
      lastRun(item),
    ],
    remedy: [
      ...dropReferences(item, new Set(dead.map(({ name }) => name))),
      advise('the controller takes such entries out by itself: see why kube-controller-manager has not'),
    ],
  }
}

function deadOf(
  item: Item<CronJob>,
  reference: ObjectReference,
  place: number,
  named: ReadonlyMap<string, readonly Item<NamedJob>[]>,
  gone: Gone,
): Dead | undefined {
  const { name = '' } = reference
  const job = jobOf(item, reference, named)
  if (job) return job.ended && { name, place, since: job.ended.at, is: 'finished', guess: false }
  return { name, place, is: 'gone', since: gone[name]?.since, guess: gone[name]?.guess ?? true }
}

/** Of one that is gone it is only known for how long that has been seen. */
function whatIs({ is, since, guess }: Dead, now: number): string {
  const ago = durationText(now - (since ?? now))
  if (is === 'finished') return `finished ${ago} ago`
  return guess ? 'is gone' : `has been gone for ${ago}`
}

function lastRun({ subject, object }: Item<CronJob>): Evidence {
  const last = timeOf(object.status?.lastScheduleTime)
  return seen('last run', last === undefined ? null : timeText(last), subject, 'status', 'lastScheduleTime')
}
