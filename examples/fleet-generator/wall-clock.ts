// Local time in a zone, for the one annotation that carries it.
import { hour, iso, minute } from './calendar.ts'

const two = (n: number): string => String(n).padStart(2, '0')

/** Minutes to add to UTC for the local time of the zone at `ms` (UTC). */
function offsetMinutes(ms: number, zone: string): number {
  const parts = new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' }).formatToParts(ms)
  const name = parts.find((part) => part.type === 'timeZoneName')?.value ?? 'GMT'
  const [, sign, hours, minutes] = /^GMT([+-])(\d\d):(\d\d)$/.exec(name) ?? []
  return (sign === '-' ? -1 : 1) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0))
}

/** `ms` (UTC) as RFC 3339 in the zone's local time; UTC without a zone. */
export function wallClock(ms: number, zone: string | undefined): string {
  if (zone === undefined) return iso(ms)
  const offset = offsetMinutes(ms, zone)
  const local = iso(ms + offset * minute).slice(0, -1)
  const size = Math.abs(offset)
  return `${local}${offset < 0 ? '-' : '+'}${two(Math.floor((size * minute) / hour))}:${two(size % 60)}`
}
