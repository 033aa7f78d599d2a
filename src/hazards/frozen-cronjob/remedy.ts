// The steps against a frozen CronJob, as data. What they do was seen on a real 1.20 control plane: see README.md.
import type { CronJob } from 'kubernetes-types/batch/v1.js'
import type { Change, Item, Step, Subject } from '../../contract/hazard.ts'
import { asJson } from '../../objects/json.ts'
import { timeText } from '../../objects/time.ts'
import { advisedDeadline } from '../../schedule/deadline.ts'
import type { Schedule } from '../../schedule/parse.ts'
import { shortestGap } from '../../schedule/runs.ts'

export const correctBy = (why: string, command?: string): Step => ({ do: 'advise', why, ...(command && { command }) })

/** Sets a deadline into which at most 100 runs fit. On a live 1.20 a frozen CronJob then starts one late run at once. */
export function setDeadline({ subject, object }: Item<CronJob>, schedule: Schedule): Step {
  const after = advisedDeadline(schedule)
  return {
    do: 'edit',
    why: `with startingDeadlineSeconds ${after} at most ${after} s of missed runs are counted; a run that is later than that is left out`,
    target: subject,
    changes: [{ path: ['spec', 'startingDeadlineSeconds'], before: object.spec?.startingDeadlineSeconds, after }],
  }
}

/**
 * Sets only status.lastScheduleTime, to the latest time that should have run: nothing starts off schedule and the next
 * planned run comes. In a file a status cures nothing: there it is the command for the cluster that the file is of.
 * @param latest ms UTC; undefined: no run was due.
 * @param by a person: the command, which no program takes by itself.
 * @param note an annotation that means nothing any more then.
 */
export function thaw(
  { subject, object }: Item<CronJob>,
  latest: number | undefined,
  by: 'anybody' | 'person' = 'anybody',
  note?: { readonly key: string; readonly value: string },
): Step[] {
  if (latest === undefined) return []
  const after = timeText(latest)
  const why = 'the controller then counts from that planned run; nothing starts off schedule and the next one comes'
  if (!('cluster' in subject.source) || by === 'person') {
    const patch = JSON.stringify({ status: { lastScheduleTime: after } })
    const target = `-n ${subject.namespace ?? 'default'} patch cronjob ${subject.name}`
    return [
      correctBy(`${why} (kubectl 1.24 or newer)`, `kubectl ${target} --subresource=status --type=merge -p '${patch}'`),
    ]
  }
  const changes: Change[] = [
    { path: ['status', 'lastScheduleTime'], before: object.status?.lastScheduleTime, after },
    ...(note ? [{ path: ['metadata', 'annotations', note.key], before: note.value, after: undefined }] : []),
  ]
  return [{ do: 'edit', name: 'thaw', why, target: subject, changes }]
}

/** Takes entries out of status.active; only on a live object. */
export function dropReferences({ subject, object }: Item<CronJob>, gone: ReadonlySet<string>): Step[] {
  if (!('cluster' in subject.source)) return []
  const active = object.status?.active ?? []
  const left = active.filter(({ name }) => !gone.has(name ?? ''))
  return [
    {
      do: 'edit',
      name: 'drop-reference',
      why: 'the controller starts the next run when no active Job is named any more',
      target: subject,
      changes: [
        { path: ['status', 'active'], before: asJson(active), after: left.length > 0 ? asJson(left) : undefined },
      ],
    },
  ]
}

export const endJob = (job: Subject): Step => ({
  do: 'delete',
  name: 'end-job',
  why: 'the next run starts when this Job is gone; its pods are stopped, so look at what it is doing first',
  target: job,
})

export const deleteFinished = (job: Subject): Step => ({
  do: 'delete',
  name: 'delete-finished-job',
  why: 'it is finished and past the history limit, and it holds the quota that the next run needs',
  target: job,
})

/** Lets every later run end by itself; nothing if the job template says so already. */
export function limitRun({ subject, object }: Item<CronJob>, schedule: Schedule): Step[] {
  if (object.spec?.jobTemplate?.spec?.activeDeadlineSeconds !== undefined) return []
  const gap = (shortestGap(schedule) ?? 86_400_000) / 1000
  const after = Math.min(86_400, Math.max(3_600, gap))
  return [
    {
      do: 'edit',
      why: `a run that takes more than ${after} s is then ended by Kubernetes itself, and the next ones come`,
      target: subject,
      changes: [{ path: ['spec', 'jobTemplate', 'spec', 'activeDeadlineSeconds'], before: undefined, after }],
    },
  ]
}

/** Lets later Jobs expire; nothing if the job template says so already. */
export function expireJobs({ subject, object }: Item<CronJob>): Step[] {
  if (object.spec?.jobTemplate?.spec?.ttlSecondsAfterFinished !== undefined) return []
  return [
    {
      do: 'edit',
      why: 'finished Jobs are then deleted after an hour, whatever the history limits and the quota',
      target: subject,
      changes: [{ path: ['spec', 'jobTemplate', 'spec', 'ttlSecondsAfterFinished'], before: undefined, after: 3600 }],
    },
  ]
}
