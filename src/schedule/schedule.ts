import type { Zone } from '../contract/hazard.ts'

/** A cron expression of five fields, as bit sets. Bit 0 is the field's smallest value: day 1, January. */
export interface FieldSchedule {
  readonly kind: 'fields'
  readonly text: string
  /** The zone that the text itself names; undefined: none, or the controller's own (`Local`). */
  readonly zone: Zone | undefined
  /** Minutes 0 to 31. */
  readonly minutesLow: number
  /** Minutes 32 to 59; bit 0 is minute 32. */
  readonly minutesHigh: number
  readonly hours: number
  readonly months: number
  /** Days of a month that match, by the weekday of its first day (0: Sunday): both day fields in one. */
  readonly days: readonly number[]
}

/** `@every <duration>`: whole seconds from one run to the next, in ms; no clock, no zone. */
export interface EverySchedule {
  readonly kind: 'every'
  readonly text: string
  readonly zone: Zone | undefined
  readonly everyMs: number
}

export type Schedule = FieldSchedule | EverySchedule

/** A schedule that Kubernetes refuses; the message is the text that Kubernetes prints. */
export class ScheduleError extends Error {
  override readonly name = 'ScheduleError'
}
