import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { timeText } from '../objects/time.ts'
import { HeldCluster, zonedCronJob, zones } from './fixtures/held-cluster.ts'
import { runsAfter } from './native.ts'
import { conditionOf, markOf } from './status.ts'
import { observedOf, planFor } from './timing.ts'
import type { ZonedCronJobSpec } from './zoned-cronjob.ts'

const created = Date.parse('2027-03-01T00:00:30Z')
const at = (text: string): number => Date.parse(`2027-03-${text}Z`)
const asCronJob = { skipped: 'skip', repeated: 'twice' } as const
const native = (spec: Partial<ZonedCronJobSpec> = {}): HeldCluster =>
  new HeldCluster(zonedCronJob({ schedule: '0 * * * *', mode: 'native', ...spec }, created))
const delegated = ({ zcj }: HeldCluster): string | undefined => conditionOf(zcj.status, 'Delegated')?.reason
const madeBy = ({ made }: HeldCluster): readonly string[] => made.map((run) => timeText(run).slice(8, 16))

/** Both controllers look every 10 s. */
function live(held: HeldCluster, from: number, to: number): void {
  for (let now = from; now <= to; now += 10_000) {
    held.turn(now)
    held.nativeLook(now)
  }
}

describe('a CronJob of its own', () => {
  it('is made suspended, is handed the runs, and the status tells of them', () => {
    const held = native({ timeZone: 'Europe/Berlin', missedRuns: { deadlineSeconds: 600 } })
    held.turn(created, 1)
    held.turn(created, 1)
    expect(held.cronJob).toMatchObject({
      metadata: { name: 'report', ownerReferences: [{ kind: 'ZonedCronJob', uid: 'u-1', controller: true }] },
      spec: { schedule: '0 * * * *', timeZone: 'Europe/Berlin', suspend: true, startingDeadlineSeconds: 600 },
    })
    expect(held.cronJob?.metadata?.annotations).not.toHaveProperty([runsAfter])
    live(held, created, at('01T02:00:30'))
    expect(madeBy(held)).toEqual(['01T01:00', '01T02:00'])
    expect(held.jobs).toEqual([])
    expect(held.zcj.status).toMatchObject({
      lastScheduleTime: '2027-03-01T02:00:00Z',
      highWaterMark: '2027-03-01T02:00:00Z',
      active: 2,
      preview: [{ local: '2027-03-01 04:00 +01:00' }, {}, {}, {}, {}],
    })
    expect(delegated(held)).toBe('Native')
    expect(held.told).toEqual(['CronJob report starts the runs after 2027-03-01T00:00:30Z'])
  })

  it.each<[string, Partial<ZonedCronJobSpec>]>([
    ['spec.spread', { spread: { windowSeconds: 60 } }],
    ['spec.missedRuns.policy', { missedRuns: { policy: 'all' } }],
    ['spec.schedule', { schedule: '@every 1h' }],
    ['spec.daylightSaving', { schedule: '30 2 * * *', timeZone: 'Europe/Berlin' }],
    ['spec.daylightSaving', { schedule: '0 0 * * *', timeZone: 'Australia/Lord_Howe', daylightSaving: asCronJob }],
  ])('is not made where it could not say %s, which is told once', (field, spec) => {
    const held = native(spec)
    live(held, created, at('01T01:05:00'))
    expect(held.cronJob).toBeUndefined()
    expect(delegated(held)).toBe('NotExpressible')
    expect(held.told.filter((text) => text.includes(`itself: ${field}`))).toHaveLength(1)
  })

  it.each<[Partial<ZonedCronJobSpec>]>([
    [{ schedule: '30 2 * * *', timeZone: 'Europe/Berlin', daylightSaving: asCronJob }],
    [{ schedule: '30 2 * * *', timeZone: 'Asia/Tokyo' }],
    [{ schedule: '30 12 * * *', timeZone: 'Europe/Berlin' }],
    [{ schedule: '*/10 * * * *', timeZone: 'Europe/Berlin' }],
  ])('is made where it can say %j', (spec) => {
    const held = native(spec)
    held.turn(created)
    expect(delegated(held)).toBe('Native')
  })

  it('is not made where the API server does not keep time zones: its runs are started here', () => {
    const held = native()
    held.unusable = { reason: 'NoTimeZone', message: 'CronJobs have no time zone here' }
    live(held, created, at('01T01:00:30'))
    expect([delegated(held), madeBy(held), held.jobs.length]).toEqual(['NoTimeZone', ['01T01:00'], 1])
  })

  it('that somebody edits is set right, and one that is deleted is made anew without a run twice', () => {
    const held = native()
    live(held, created, at('01T01:00:30'))
    if (held.cronJob?.spec) held.cronJob = { ...held.cronJob, spec: { ...held.cronJob.spec, schedule: '* * * * *' } }
    held.turn(at('01T01:00:40'))
    expect(held.cronJob?.spec?.schedule).toBe('0 * * * *')
    held.nativeLook(at('01T02:00:00'))
    held.cronJob = undefined
    live(held, at('01T02:00:10'), at('01T03:00:10'))
    expect(madeBy(held)).toEqual(['01T01:00', '01T02:00', '01T03:00'])
    expect(held.jobs).toEqual([])
  })

  it('starts nothing of the past by an edit or the end of a suspension', () => {
    const held = native({ schedule: '0 12 * * *' })
    live(held, created, at('01T00:01:00'))
    live(held, at('01T12:00:00'), at('01T12:00:30'))
    held.edit({ schedule: '0 14 * * *' })
    live(held, at('01T15:00:00'), at('01T15:00:30'))
    held.edit({ suspend: true })
    live(held, at('01T16:00:00'), at('01T16:00:30'))
    held.edit({ suspend: false })
    live(held, at('03T15:00:00'), at('03T15:00:30'))
    expect(madeBy(held)).toEqual(['01T12:00'])
    live(held, at('04T14:00:00'), at('04T14:00:30'))
    expect(madeBy(held)).toEqual(['01T12:00', '04T14:00'])
  })

  it('that acts by what it saw before it was suspended is waited for', () => {
    const held = native()
    live(held, created, at('01T00:59:50'))
    held.edit({ mode: 'zoned' })
    held.turn(at('01T00:59:58'))
    held.turn(at('01T01:00:00'))
    held.nativeLook(at('01T01:00:01'), true)
    live(held, at('01T01:00:02'), at('01T02:00:30'))
    expect([madeBy(held), held.jobs.length]).toEqual([['01T01:00', '01T02:00'], 1])
  })

  it('waits with Forbid for a Job of before, and the way back for one of its own', () => {
    const held = native({ mode: 'zoned', schedule: '0 * * * *', concurrencyPolicy: 'Forbid' })
    live(held, created, at('01T01:00:30'))
    held.edit({ mode: 'native' })
    live(held, at('01T01:01:00'), at('01T01:01:30'))
    expect([delegated(held), held.cronJob]).toEqual(['StillRunning', undefined])
    held.finish(at('01T01:02:00'))
    live(held, at('01T01:02:00'), at('01T02:00:30'))
    expect([delegated(held), madeBy(held)]).toEqual(['Native', ['01T01:00', '01T02:00']])
    held.edit({ mode: 'zoned' })
    live(held, at('01T02:01:00'), at('01T03:00:30'))
    expect([delegated(held), madeBy(held)]).toEqual(['TakingBack', ['01T01:00', '01T02:00']])
    held.finish(at('01T03:01:00'))
    live(held, at('01T03:01:00'), at('01T03:01:30'))
    expect([delegated(held), madeBy(held)]).toEqual([undefined, ['01T01:00', '01T02:00', '01T03:00']])
    expect(held.cronJob?.spec?.suspend).toBe(true)
  })
})

type Happening =
  | { readonly is: 'time'; readonly seconds: number }
  | { readonly is: 'turn'; readonly crash: number }
  | { readonly is: 'native' | 'native late' | 'mode' | 'finish' }

const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ is: fc.constant('time' as const), seconds: fc.integer({ min: 0, max: 200 }) }) },
  { weight: 4, arbitrary: fc.record({ is: fc.constant('turn' as const), crash: fc.integer({ min: 0, max: 8 }) }) },
  { weight: 4, arbitrary: fc.record({ is: fc.constantFrom('native' as const, 'native late' as const) }) },
  { weight: 2, arbitrary: fc.record({ is: fc.constant('mode' as const) }) },
  fc.record({ is: fc.constant('finish' as const) }),
)

/** @returns the time in the end. */
function happen(held: HeldCluster, happenings: readonly Happening[]): number {
  let [now, seen] = [created, created]
  for (const one of happenings) {
    if (one.is === 'time') now += one.seconds * 1000
    if (one.is === 'turn') held.turn(now, one.crash)
    if (one.is === 'finish') held.finish(now)
    if (one.is === 'mode') held.edit({ mode: held.zcj.spec.mode === 'native' ? 'zoned' : 'native' })
    if (one.is !== 'native' && one.is !== 'native late') continue
    held.nativeLook(now, one.is === 'native late' && now - seen <= 10_000)
    seen = now
  }
  return now
}

it('each run is started once, by the one or the other, or counted, however the modes change and whoever is killed', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('* * * * *', '*/2 * * * *', '*/7 * * * *'),
      fc.constantFrom('Allow' as const, 'Forbid' as const),
      fc.array(happening, { maxLength: 60 }),
      (schedule, concurrencyPolicy, happenings) => {
        const held = native({ schedule, concurrencyPolicy })
        let now = happen(held, happenings)
        held.edit({ mode: 'zoned' })
        for (let rest = 0; rest < 8; rest++) {
          held.finish(now)
          now += 10_000
          held.turn(now)
        }
        const plan = planFor(observedOf(held.zcj), created, zones)
        if ('reason' in plan) throw new Error(plan.message)
        expect(held.made).toEqual([...new Set(held.made)])
        const settled = held.made.length + (held.zcj.status?.missed?.count ?? 0) + held.passedOver
        expect(settled).toBe(plan.count(created, markOf(held.zcj)))
      },
    ),
    { numRuns: 1500 },
  )
})
