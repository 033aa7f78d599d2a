// The steps against a clean-up that is stuck, as data. No finalizer is ever taken off by us: whoever set it knows what for.
import type { CronJob, CronJobSpec } from 'kubernetes-types/batch/v1.js'
import type { Change, Item, Step, Subject } from '../../contract/hazard.ts'
import { asJson } from '../../objects/json.ts'

export const advise = (why: string, command?: string): Step => ({ do: 'advise', why, ...(command && { command }) })

/** Where the API server refuses negative numbers, and fills in these (batch/v1 SetDefaults_CronJob). */
const defaultHistory = { Complete: 3, Failed: 1 }

/** How many finished Jobs of each sort are kept. */
export const historyOf = (spec: CronJobSpec | undefined): { readonly Complete: number; readonly Failed: number } => ({
  Complete: Math.max(0, spec?.successfulJobsHistoryLimit ?? defaultHistory.Complete),
  Failed: Math.max(0, spec?.failedJobsHistoryLimit ?? defaultHistory.Failed),
})

export const cleanOldest = (job: Subject): Step => ({
  do: 'delete',
  name: 'clean-oldest',
  finished: true,
  why: 'it is finished, the oldest past the history limit, and the controller itself should have deleted it',
  target: job,
})

export const makeRoom = (job: Subject): Step => ({
  do: 'delete',
  name: 'make-room',
  finished: true,
  why: 'it is the oldest finished one, and the next run needs its place in the quota',
  target: job,
})

export const deleteExpired = (job: Subject): Step => ({
  do: 'delete',
  name: 'delete-expired',
  finished: true,
  why: 'it is finished, and its own ttlSecondsAfterFinished says that it should be gone',
  target: job,
})

/** As many names as fit into a command that a person reads before it is given. */
const mostNamed = 10

/** The command for a person who does not want to wait. Oldest first. */
export const deleteAll = (namespace: string | undefined, names: readonly string[]): Step =>
  advise(
    names.length > mostNamed
      ? `or the ${mostNamed} oldest of them at once, again until all ${names.length} are gone`
      : 'or all of them at once',
    `kubectl -n ${namespace ?? 'default'} delete job ${names.slice(0, mostNamed).join(' ')}`,
  )

/** Takes entries out of status.active; in a file a status cures nothing. */
export function dropReferences({ subject, object }: Item<CronJob>, dead: ReadonlySet<string>): Step[] {
  if (!('cluster' in subject.source)) return []
  const active = object.status?.active ?? []
  const left = active.filter(({ name }) => !dead.has(name ?? ''))
  const after = left.length > 0 ? asJson(left) : undefined
  return [
    {
      do: 'edit',
      name: 'drop-reference',
      why: 'a Job that does not run counts as running as long as it is named there',
      target: subject,
      changes: [{ path: ['status', 'active'], before: asJson(active), after }],
    },
  ]
}

/**
 * History limits that leave room for one run in a quota of so many Jobs, and keep failed Jobs rather than others. Nothing if
 * they do so already.
 */
export function fitHistory({ subject, object }: Item<CronJob>, hard: number): Step[] {
  const now = historyOf(object.spec)
  const room = Math.max(0, Math.floor(hard) - 1)
  const failed = Math.min(now.Failed, room)
  const complete = Math.min(now.Complete, room - failed)
  const limits: readonly Change[] = [
    { path: ['spec', 'successfulJobsHistoryLimit'], before: object.spec?.successfulJobsHistoryLimit, after: complete },
    { path: ['spec', 'failedJobsHistoryLimit'], before: object.spec?.failedJobsHistoryLimit, after: failed },
  ]
  const changes = limits.filter((_, place) => (place === 0 ? complete !== now.Complete : failed !== now.Failed))
  if (changes.length === 0) return []
  const why = `its finished Jobs then leave room for a run in a quota of ${hard}`
  return [{ do: 'edit', why, target: subject, changes }]
}
