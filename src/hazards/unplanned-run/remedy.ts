import type { CronJob } from 'kubernetes-types/batch/v1.js'
import type { Change, Item, Step } from '../../contract/hazard.ts'
import { advisedDeadline } from '../../schedule/deadline.ts'
import type { Schedule } from '../../schedule/parse.ts'

export function setDeadline({ subject, object }: Item<CronJob>, schedule: Schedule): Step {
  const after = advisedDeadline(schedule)
  return {
    do: 'edit',
    why: `a run that can't start within ${after} s is then left out`,
    target: subject,
    changes: [{ path: ['spec', 'startingDeadlineSeconds'], before: object.spec?.startingDeadlineSeconds, after }],
  }
}

/** Nothing if the job template says so already: what happened before it did is history. */
export function neverRepeat({ subject, object }: Item<CronJob>): Step[] {
  const job = object.spec?.jobTemplate?.spec
  const path = ['spec', 'jobTemplate', 'spec']
  const wanted: Change[] = [
    { path: [...path, 'backoffLimit'], before: job?.backoffLimit, after: 0 },
    {
      path: [...path, 'template', 'spec', 'restartPolicy'],
      before: job?.template?.spec?.restartPolicy,
      after: 'Never',
    },
  ]
  const changes = wanted.filter(({ before, after }) => before !== after)
  if (changes.length === 0) return []
  return [
    {
      do: 'edit',
      why: 'a run that fails is then not started again; the next planned one is',
      target: subject,
      changes,
    },
  ]
}

export const keepApart = ({ subject, object }: Item<CronJob>): Step => ({
  do: 'edit',
  why: 'the later run is then left out while the earlier one is running',
  target: subject,
  changes: [{ path: ['spec', 'concurrencyPolicy'], before: object.spec?.concurrencyPolicy, after: 'Forbid' }],
})
