// The promise: each run that was due is started exactly once or counted as missed, wherever whoever decides is killed.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { HeldCluster, zonedCronJob, zones } from './fixtures/held-cluster.ts'
import type { Plan } from './plan.ts'
import { markOf } from './status.ts'
import { observedOf, planFor } from './timing.ts'
import type { ZonedCronJobSpec } from './zoned-cronjob.ts'

const minute = 60_000

/** What may happen, one after the other. `crash`: after so many actions of a turn whoever does them is dead. */
type Happening =
  | { readonly is: 'time'; readonly minutes: number }
  | { readonly is: 'turn' }
  | { readonly is: 'crash'; readonly after: number }
  | { readonly is: 'finish'; readonly how: 'Complete' | 'Failed' }
  | { readonly is: 'refuse'; readonly reason: 'QuotaExceeded' | 'Refused' | undefined }
  | { readonly is: 'clock back'; readonly minutes: number }

const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ is: fc.constant('time' as const), minutes: fc.integer({ min: 0, max: 400 }) }) },
  { weight: 4, arbitrary: fc.constant({ is: 'turn' as const }) },
  { weight: 4, arbitrary: fc.record({ is: fc.constant('crash' as const), after: fc.integer({ min: 0, max: 6 }) }) },
  fc.record({ is: fc.constant('finish' as const), how: fc.constantFrom('Complete' as const, 'Failed' as const) }),
  fc.record({
    is: fc.constant('refuse' as const),
    reason: fc.constantFrom('QuotaExceeded' as const, 'Refused' as const, undefined),
  }),
  fc.record({ is: fc.constant('clock back' as const), minutes: fc.constantFrom(1, 60, 1440) }),
)

const timing = fc.record({
  schedule: fc.constantFrom(
    '* * * * *',
    '*/7 * * * *',
    '30 2 * * *',
    '*/20 1-3 * * *',
    '0 0,2,3 * * *',
    '@every 50m',
    '0 0 31 2 *',
  ),
  timeZone: fc.constantFrom('UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Pacific/Apia'),
  daylightSaving: fc.record({
    skipped: fc.constantFrom('skip' as const, 'runAfter' as const),
    repeated: fc.constantFrom('once' as const, 'twice' as const),
  }),
})

const template = { template: {} }
const policy = fc.record({
  missedRuns: fc.record(
    {
      policy: fc.constantFrom('skip' as const, 'last' as const, 'all' as const),
      limit: fc.integer({ min: 1, max: 5 }),
      deadlineSeconds: fc.constantFrom(0, 600, 86_400),
    },
    { requiredKeys: ['policy'] },
  ),
  concurrencyPolicy: fc.constantFrom('Allow' as const, 'Forbid' as const, 'Replace' as const),
  spread: fc.constantFrom(undefined, { windowSeconds: 900 }),
  startingDeadlineSeconds: fc.constantFrom(undefined, 90, 7200),
  successfulJobsHistoryLimit: fc.integer({ min: 0, max: 3 }),
  jobTemplate: fc.constantFrom({ spec: template }, { spec: { ...template, ttlSecondsAfterFinished: 0 } }),
})
/** Nights in which clocks change, in Europe, America, on Lord Howe, and the day that Apia never had. */
const starts = [
  '2027-03-27T20:10:20Z',
  '2027-10-30T21:00:00Z',
  '2027-11-07T03:00:00Z',
  '2027-04-03T12:00:00Z',
  '2011-12-30T06:00:00Z',
  '2027-06-01T00:00:00Z',
]

const without = <T extends object>(spec: T): Partial<ZonedCronJobSpec> =>
  Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== undefined))

function planned(held: HeldCluster, created: number): Plan {
  const plan = planFor(observedOf(held.zcj), created, zones)
  if ('reason' in plan) throw new Error(plan.message)
  return plan
}

/** What happens, then turns in peace, as many as there are runs to make up for. @returns the time in the end. */
function live(held: HeldCluster, created: number, happenings: readonly Happening[]): number {
  let now = created
  let latest = now
  let highest = 0
  const turn = (crash?: number): void => {
    held.turn(now, crash)
    expect(markOf(held.zcj)).toBeGreaterThanOrEqual(highest)
    highest = markOf(held.zcj)
  }
  for (const one of happenings) {
    if (one.is === 'time') now += one.minutes * minute
    if (one.is === 'clock back') now -= one.minutes * minute
    if (one.is === 'finish') held.finish(now, one.how)
    if (one.is === 'refuse') held.refuses = one.reason
    latest = Math.max(latest, now)
    if (one.is === 'turn') turn()
    if (one.is === 'crash') turn(one.after)
  }
  // A Job that was made ahead of the mark by a clock that then went back is counted when its time has come again.
  now = latest
  held.refuses = undefined
  for (let rest = 0; rest < 12; rest++) {
    held.finish(now)
    turn()
  }
  return now
}

it('every due run is started exactly once or counted as missed, after a crash anywhere', () => {
  fc.assert(
    fc.property(
      timing,
      policy,
      fc.constantFrom(...starts),
      fc.array(happening, { maxLength: 40 }),
      (when, how, start, happenings) => {
        const created = Date.parse(start)
        const held = new HeldCluster(zonedCronJob({ ...when, ...without(how) }, created))
        const now = live(held, created, happenings)
        const plan = planned(held, created)
        expect(held.made).toEqual([...new Set(held.made)])
        for (const run of held.made) expect(plan.count(run - 1, run)).toBe(1)
        const mark = markOf(held.zcj)
        expect(held.made.length + (held.zcj.status?.missed?.count ?? 0)).toBe(plan.count(created, mark))
        // In the end nothing waits that could be started: all that is due is settled.
        const spread = (how.spread?.windowSeconds ?? 0) * 1000
        expect(plan.count(mark, now - spread)).toBe(0)
      },
    ),
    { numRuns: 300 },
  )
})

interface Edit {
  readonly is: 'edit'
  readonly spec: Partial<ZonedCronJobSpec>
}

const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({ is: fc.constant('edit' as const), spec: timing }),
  fc.record({ is: fc.constant('edit' as const), spec: fc.record({ suspend: fc.boolean() }) }),
  fc.constant({ is: 'edit' as const, spec: { schedule: 'no schedule' } }),
)

/** One happening; a turn after an edit may start nothing that was planned before it saw that. @returns that bound. */
function pass(held: HeldCluster, now: number, bound: number, one: Happening | Edit): number {
  if (one.is === 'finish') held.finish(now, one.how)
  if (one.is === 'edit') held.edit(one.spec)
  if (one.is !== 'turn' && one.is !== 'crash') return bound
  const isEdited = JSON.stringify(held.zcj.status?.observed) !== JSON.stringify(observedOf(held.zcj))
  const least = isEdited ? now : bound
  const before = held.made.length
  held.turn(now, one.is === 'crash' ? one.after : undefined)
  for (const run of held.made.slice(before)) expect(run).toBeGreaterThan(least)
  return least
}

it('edits and suspensions never make a past time due, and never start a run twice', () => {
  fc.assert(
    fc.property(
      timing,
      policy,
      fc.constantFrom(...starts),
      fc.array(fc.oneof(happening, edit), { maxLength: 40 }),
      (when, how, start, all) => {
        let now = Date.parse(start)
        const held = new HeldCluster(zonedCronJob({ ...when, ...without({ ...how, spread: undefined }) }, now))
        let bound = now
        held.turn(now)
        for (const one of all) {
          if (one.is === 'time') now += one.minutes * minute
          const highest = markOf(held.zcj)
          bound = pass(held, now, bound, one)
          expect(markOf(held.zcj)).toBeGreaterThanOrEqual(highest)
        }
        expect(held.made).toEqual([...new Set(held.made)])
      },
    ),
    { numRuns: 300 },
  )
})
