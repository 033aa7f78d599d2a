// What `cron next` and `cron explain` are told: a schedule, a zone, a time to begin at.
import { InvalidArgumentError } from 'commander'
import type { Zone, Zones } from '../contract/hazard.ts'
import { machineZones } from '../node/time-zones.ts'
import { timeText } from '../objects/time.ts'
import { acceptedSchedule, acceptedZone, Refused } from '../schedule/refusals.ts'
import type { Schedule } from '../schedule/schedule.ts'
import { zonePrefix } from '../schedule/timing.ts'
import { type Io, UsageError } from './io.ts'

export interface TimesOptions {
  readonly zone?: string
  /** ms UTC. */
  readonly from?: number
}

export interface Times {
  readonly schedule: Schedule
  /** The one that counts. */
  readonly zone: Zone
  /** Who named it: the prefix of the schedule, `--zone`, or nobody. */
  readonly zoneBy: 'schedule' | 'option' | 'default'
  /** ms UTC. */
  readonly from: number
  readonly fromBy: 'option' | 'now'
  readonly zones: Zones
  /** What was taken for granted, in words. */
  readonly notes: readonly string[]
}

/** @throws UsageError with the API server's own words for what it refuses. */
export function timesOf(text: string, { zone: name, from }: TimesOptions, io: Pick<Io, 'now' | 'env'>): Times {
  const zones = machineZones(io.env.ZONEINFO)
  try {
    const given = name === undefined ? undefined : acceptedZone(name, zones)
    const schedule = acceptedSchedule(text, name, zones)
    const zone = schedule.zone ?? given ?? acceptedZone('UTC', zones)
    const zoneBy = schedule.zone ? 'schedule' : given ? 'option' : 'default'
    return {
      ...{ schedule, zone, zoneBy, zones },
      from: from ?? Math.floor(io.now() / 1000) * 1000,
      fromBy: from === undefined ? 'now' : 'option',
      notes: notesOf(schedule, zoneBy),
    }
  } catch (error) {
    if (error instanceof Refused) throw new UsageError(error.message)
    throw error
  }
}

function notesOf(schedule: Schedule, zoneBy: Times['zoneBy']): string[] {
  const prefix = zonePrefix(schedule.text)
  return [
    ...(schedule.kind === 'every'
      ? ['@every counts from the last run (at first from the creation), not by the clock: here from --from']
      : []),
    ...(prefix
      ? [
          `the zone stands in the schedule, which works from 1.22 on and which API servers from 1.29 on refuse in new objects: use spec.timeZone: ${prefix.zone}`,
        ]
      : []),
    ...(zoneBy === 'default' && schedule.kind !== 'every'
      ? [
          prefix
            ? 'Local is the zone of kube-controller-manager, taken to be UTC'
            : 'no --zone: UTC, in which kube-controller-manager mostly runs; it decides where spec.timeZone is not set',
        ]
      : []),
  ]
}

/** RFC 3339, 5.6, with a T in capitals; the seconds may be left out. */
const rfc3339 = /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[-+]\d\d:\d\d)$/

/** An option's time as ms UTC. @throws InvalidArgumentError if it is none of RFC 3339. */
export function timeOption(text: string): number {
  const [, date = ''] = rfc3339.exec(text) ?? []
  const time = date === '' ? Number.NaN : Date.parse(text)
  // 30 February would be taken for 2 March.
  if (Number.isNaN(time) || !new Date(`${date}T00:00:00Z`).toISOString().startsWith(date))
    throw new InvalidArgumentError('expected a time of RFC 3339, e.g. 2026-10-24T00:00:00Z')
  return time
}

/** Where a list of runs begins, for people. */
export const fromText = ({ from, fromBy }: Pick<Times, 'from' | 'fromBy'>): string =>
  `${timeText(from)}${fromBy === 'now' ? ' (now)' : ''}`
