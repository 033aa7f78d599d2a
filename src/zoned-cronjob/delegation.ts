// What the status says of `mode: native`.
import { timeOf, timeText } from '../objects/time.ts'
import { withCondition } from './status.ts'
import type { ZonedCronJobStatus } from './zoned-cronjob.ts'

/** Who starts the runs of one that asks for `mode: native`, and what its CronJob says of itself; times in ms UTC. */
export interface Delegation {
  /** Its CronJob starts them. */
  readonly isNative: boolean
  readonly reason: string
  readonly message: string
  readonly active?: number
  readonly lastSchedule?: number | undefined
  readonly lastSuccess?: number | undefined
}

/** @param status with what its own Jobs say. @param delegation undefined: it asks for no CronJob. @param now ms UTC. */
export function withDelegation(
  status: ZonedCronJobStatus,
  delegation: Delegation | undefined,
  now: number,
  generation: number | undefined,
): ZonedCronJobStatus {
  if (!delegation) {
    const conditions = status.conditions?.filter(({ type }) => type !== 'Delegated')
    return conditions && conditions.length < (status.conditions?.length ?? 0) ? { ...status, conditions } : status
  }
  const { isNative, reason, message, active = 0, lastSchedule, lastSuccess } = delegation
  const said = { type: 'Delegated', status: isNative ? 'True' : 'False', reason, message } as const
  const counted = {
    ...status,
    active: (status.active ?? 0) + active,
    ...later('lastScheduleTime', status, lastSchedule),
    ...later('lastSuccessfulTime', status, lastSuccess),
  }
  return withCondition(counted, said, now, generation)
}

const later = (
  field: 'lastScheduleTime' | 'lastSuccessfulTime',
  status: ZonedCronJobStatus,
  at: number | undefined,
): Partial<ZonedCronJobStatus> =>
  at !== undefined && at > (timeOf(status[field]) ?? Number.NEGATIVE_INFINITY) ? { [field]: timeText(at) } : {}
