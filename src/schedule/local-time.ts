// Instants as the clocks of a zone show them. All ms; an offset is what to add to UTC.
import { HOUR, MINUTE, SECOND } from './calendar.ts'

const two = (value: number): string => String(Math.floor(value)).padStart(2, '0')

/** An offset as ISO 8601 writes it: `+02:00`; with seconds where it has some, as local mean times do. */
export function offsetText(offset: number): string {
  const size = Math.abs(offset)
  const seconds = (size % MINUTE) / SECOND
  const text = `${offset < 0 ? '-' : '+'}${two(size / HOUR)}:${two((size % HOUR) / MINUTE)}`
  return seconds === 0 ? text : `${text}:${two(seconds)}`
}

/** Date and time by local clocks, to the second: `2026-10-25T02:30:00`. */
export const localText = (at: number, offset: number): string => new Date(at + offset).toISOString().slice(0, 19)

/** The same for people: `Sun 2026-10-25 02:30`, with seconds only where there are some. */
export function localWords(at: number, offset: number): string {
  const text = localText(at, offset).replace('T', ' ').replace(/:00$/, '')
  return `${new Date(at + offset).toUTCString().slice(0, 3)} ${text}`
}
