import type { Logger } from 'pino'
import type { ActingMetrics } from '../acting/acting-metrics.ts'

/** Tells what of the facts for rails could not be read: Prometheus each time, the log when it is another reason than before. */
export function tellUnreadable(
  metrics: Pick<ActingMetrics, 'unreadable'>,
  log: Logger,
): (what: string, because: string | undefined) => void {
  const told = new Map<string, string>()
  return (what, because) => {
    metrics.unreadable(what, because !== undefined)
    if (because !== undefined && told.get(what) !== because) log.error({ what, because }, 'could not read')
    if (because === undefined) told.delete(what)
    else told.set(what, because)
  }
}
