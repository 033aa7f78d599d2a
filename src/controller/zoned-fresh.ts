// What may only be done by what the API server itself says, not by what is held of it.
import type { Way } from '../zoned-cronjob/native.ts'
import type { ZonedCronJob } from '../zoned-cronjob/zoned-cronjob.ts'

/** Whether what it does is done by what the API server itself says. */
export const needsFresh = (way: Way): boolean =>
  !('decision' in way) || way.fresh === true || way.decision.actions.some((action) => action.do === 'create')

/** Whether it counts runs as missed that it has not counted yet. */
export const countsMissed = ({ status }: ZonedCronJob, way: Way): boolean =>
  'decision' in way &&
  way.decision.actions.some(
    (action) => action.do === 'status' && (action.status.missed?.count ?? 0) > (status?.missed?.count ?? 0),
  )
