// Which runs a CronJob's spec asks for, and in which zone.
import type { Version, Zone, Zones } from '../contract/hazard.ts'
import { olderThan } from '../objects/version.ts'
import { parseSchedule } from './parse.ts'
import { type Schedule, ScheduleError } from './schedule.ts'

/** What a CronJob's spec says of its times, or why that can't be used. */
export type Timing =
  | { readonly schedule: Schedule; readonly zone: Zone }
  | { readonly unparseable: string }
  | { readonly unknownZone: string }

interface Spec {
  readonly schedule?: unknown
  readonly timeZone?: string | null
}

/** Whether the API server keeps spec.timeZone: on by default from 1.25 on (KEP-3140); an unknown version counts as new. */
export const knowsTimeZone = (version: Version | undefined): boolean => !olderThan(version, 25)

/** The `TZ=` or `CRON_TZ=` in front of a schedule, and the schedule without it. */
export function zonePrefix(schedule: unknown): { readonly zone: string; readonly rest: string } | undefined {
  const match = typeof schedule === 'string' ? /^(?:CRON_)?TZ=(\S*)\s+(.*)$/.exec(schedule) : null
  return match ? { zone: match[1] ?? '', rest: (match[2] ?? '').trim() } : undefined
}

/**
 * Reads a spec as the cluster's release does.
 * @param controllerZone the zone in which kube-controller-manager runs: it decides where the spec names none.
 */
export function timingOf(
  spec: Spec | undefined,
  zones: Zones,
  controllerZone: string,
  version: Version | undefined,
): Timing {
  const text = spec?.schedule
  if (typeof text !== 'string') return { unparseable: text === undefined ? 'it is missing' : 'it is no text' }
  if (olderThan(version, 22) && zonePrefix(text)) {
    // Seen on a real 1.20: its cron library (robfig/cron v1) knows no prefix and counts it as a field.
    return { unparseable: 'before 1.22 a time zone in the schedule counts as a sixth field' }
  }
  const zoneName = (knowsTimeZone(version) ? spec?.timeZone : undefined) ?? controllerZone
  const zone = zones.find(zoneName)
  try {
    const schedule = parseSchedule(text, zones)
    return zone ? { schedule, zone } : { unknownZone: zoneName }
  } catch (error) {
    if (error instanceof ScheduleError) return { unparseable: error.message }
    throw error
  }
}
