import type { CronJob } from 'kubernetes-types/batch/v1.js'
import type { Item, Step } from '../../contract/hazard.ts'
import { zonePrefix } from '../../schedule/timing.ts'

/** Writes down the zone that decides anyway, so that a move of the control plane changes nothing. */
export const nameZone = ({ subject, object }: Item<CronJob>, controllerZone: string): Step => {
  const after = controllerZone === 'UTC' ? 'Etc/UTC' : controllerZone
  return {
    do: 'edit',
    why: `it runs when it runs now, if kube-controller-manager is in ${controllerZone}, and stays so wherever it runs`,
    target: subject,
    changes: [{ path: ['spec', 'timeZone'], before: object.spec?.timeZone, after }],
  }
}

/** Takes the zone out of the schedule and into spec.timeZone: nothing changes in when it runs. */
export function moveZone({ subject, object }: Item<CronJob>): Step[] {
  const { schedule, timeZone } = object.spec ?? {}
  const prefix = zonePrefix(schedule)
  if (!prefix) return []
  return [
    {
      do: 'edit',
      why: 'it runs when it runs now',
      target: subject,
      changes: [
        { path: ['spec', 'schedule'], before: schedule, after: prefix.rest },
        { path: ['spec', 'timeZone'], before: timeZone, after: prefix.zone === '' ? 'Etc/UTC' : prefix.zone },
      ],
    },
  ]
}

/** Of what a clock change does to a run. Both choose for its owner, so both are only advised. */
export const mindClockChanges: readonly Step[] = [
  {
    do: 'advise',
    why: 'plan it outside of the hours that change, or in Etc/UTC; which of them is for its owner to say',
  },
  {
    do: 'advise',
    why: 'or let a ZonedCronJob take its place, with daylightSaving.skipped: runAfter and daylightSaving.repeated: once',
  },
]
