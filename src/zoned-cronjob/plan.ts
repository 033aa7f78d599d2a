// Which instants a ZonedCronJob runs at: those whose local time matches its schedule, and what it wishes at clock changes.
// Everywhere an instant is ms UTC. The work grows with months and clock changes, never with runs.
import type { Stretch, Zone } from '../contract/hazard.ts'
import { DAY, SECOND } from '../schedule/calendar.ts'
import { countMatches, lastMatch, nextMatch, YEARS_AHEAD } from '../schedule/matches.ts'
import type { EverySchedule, FieldSchedule, Schedule } from '../schedule/schedule.ts'
import { firstRun } from '../schedule/wall-clock.ts'
import type { Repeated, Skipped } from './zoned-cronjob.ts'

export interface Run {
  readonly at: number
  /** It stands for times that the clocks skip, or is at a time that comes twice. */
  readonly note?: 'skipped' | 'repeated'
}

export interface Plan {
  /** The first run after `after`; undefined if the next five years have none. */
  next(after: number): Run | undefined
  /** The last run in (`after`, `upTo`]. */
  latest(after: number, upTo: number): number | undefined
  /** How many runs there are in (`after`, `upTo`]. */
  count(after: number, upTo: number): number
}

export interface DaylightSaving {
  readonly skipped: Skipped
  readonly repeated: Repeated
}

/** @param since from when `@every` is counted: it has no clock of its own. */
export const planOf = (schedule: Schedule, zone: Zone, daylightSaving: DaylightSaving, since: number): Plan =>
  schedule.kind === 'every' ? everyPlan(schedule, since) : new FieldPlan(schedule, zone, daylightSaving)

function everyPlan({ everyMs }: EverySchedule, since: number): Plan {
  const start = Math.floor(since / SECOND) * SECOND
  const upTo = (at: number): number => Math.max(0, Math.floor((at - start) / everyMs))
  return {
    next: (after) => ({ at: start + (upTo(after) + 1) * everyMs }),
    latest: (after, end) => (upTo(end) > upTo(after) ? start + upTo(end) * everyMs : undefined),
    count: (after, end) => Math.max(0, upTo(end) - upTo(after)),
  }
}

const everyHour = 2 ** 24 - 1
const farAhead = (YEARS_AHEAD + 1) * 366 * DAY

class FieldPlan implements Plan {
  readonly #schedule: FieldSchedule
  readonly #zone: Zone
  readonly #once: boolean
  readonly #runAfter: boolean

  constructor(schedule: FieldSchedule, zone: Zone, { skipped, repeated }: DaylightSaving) {
    this.#schedule = schedule
    this.#zone = zone
    // Vixie cron too leaves alone what runs in every hour: it would pause for two of them, or run twice in one.
    const isHourly = schedule.hours === everyHour
    this.#once = repeated === 'once' && !isHourly
    this.#runAfter = skipped === 'runAfter' && !isHourly
  }

  next(after: number): Run | undefined {
    let match = nextMatch(this.#schedule, this.#zone, after + 1)
    while (match !== undefined && this.#isLeftOut(match)) {
      match = nextMatch(this.#schedule, this.#zone, secondPass(this.#zone, match).to)
    }
    const end = match ?? after + farAhead
    for (let { to } = this.#zone.stretch(after); to <= end; to = this.#zone.stretch(to).to) {
      if (this.#isAdded(to)) return { at: to, note: 'skipped' }
    }
    if (match === undefined) return undefined
    return this.#comesTwice(match) ? { at: match, note: 'repeated' } : { at: match }
  }

  latest(after: number, upTo: number): number | undefined {
    let match = lastMatch(this.#schedule, this.#zone, after + 1, upTo + 1)
    while (match !== undefined && this.#isLeftOut(match)) {
      match = lastMatch(this.#schedule, this.#zone, after + 1, secondPass(this.#zone, match).from)
    }
    const least = match ?? after
    for (let { from } = this.#zone.stretch(upTo); from > least; from = this.#zone.stretch(from - 1).from) {
      if (this.#isAdded(from)) return from
    }
    return match
  }

  count(after: number, upTo: number): number {
    if (upTo <= after) return 0
    let count = countMatches(this.#schedule, this.#zone, after + 1, upTo + 1)
    if (!this.#once && !this.#runAfter) return count
    // A change shortly before `after` may repeat times after it.
    for (let stretch = this.#zone.stretch(after); stretch.from <= upTo; stretch = this.#zone.stretch(stretch.to)) {
      if (this.#once && Number.isFinite(stretch.from)) {
        const { from, to } = secondPass(this.#zone, stretch.from)
        const [first, end] = [Math.max(from, after + 1), Math.min(to, upTo + 1)]
        if (first < end) count -= countMatches(this.#schedule, this.#zone, first, end)
      }
      if (stretch.from > after && this.#isAdded(stretch.from)) count++
      if (stretch.to === Number.POSITIVE_INFINITY) break
    }
    return count
  }

  #isLeftOut(match: number): boolean {
    if (!this.#once) return false
    const { from, to } = secondPass(this.#zone, match)
    return match >= from && match < to
  }

  /** Whether a run is started at a change of the clocks, for times that it skips; not where one is planned then anyway. */
  #isAdded(change: number): boolean {
    if (!this.#runAfter) return false
    const [before, after] = [this.#zone.stretch(change - 1), this.#zone.stretch(change)]
    if (after.offset <= before.offset) return false
    const [from, to] = [change + before.offset, change + after.offset]
    return Number.isFinite(firstRun(this.#schedule, from, to)) && !Number.isFinite(firstRun(this.#schedule, to, to + 1))
  }

  #comesTwice(match: number): boolean {
    const second = secondPass(this.#zone, match)
    if (match >= second.from && match < second.to) return true
    const stretch = this.#zone.stretch(match)
    return Number.isFinite(stretch.to) && match >= stretch.to - lost(stretch, this.#zone.stretch(stretch.to))
  }
}

/** How much time comes again when one stretch follows the other (ms). */
const lost = (before: Stretch, after: Stretch): number => Math.max(0, before.offset - after.offset)

/** The time that comes for the second time at the begin of the stretch that holds `at`; empty if none does. */
function secondPass(zone: Zone, at: number): { readonly from: number; readonly to: number } {
  const stretch = zone.stretch(at)
  if (!Number.isFinite(stretch.from)) return { from: stretch.from, to: stretch.from }
  return { from: stretch.from, to: Math.min(stretch.to, stretch.from + lost(zone.stretch(stretch.from - 1), stretch)) }
}
