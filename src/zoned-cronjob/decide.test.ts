import { describe, expect, it } from 'vitest'
import { timeText } from '../objects/time.ts'
import { decide } from './decide.ts'
import { HeldCluster, zonedCronJob, zones } from './fixtures/held-cluster.ts'
import { jobFor, jobName } from './jobs.ts'
import { conditionOf } from './status.ts'
import type { ZonedCronJobSpec } from './zoned-cronjob.ts'

const created = Date.parse('2027-03-01T00:00:30Z')
const at = (text: string): number => Date.parse(`2027-03-${text}Z`)
const minute = 60_000
const day = 86_400_000

const cluster = (spec: Partial<ZonedCronJobSpec> = {}): HeldCluster => new HeldCluster(zonedCronJob(spec, created))
const madeBy = ({ made }: HeldCluster): readonly string[] => made.map((run) => timeText(run).slice(8, 16))
const missed = ({ zcj }: HeldCluster): readonly string[] =>
  (zcj.status?.missed?.recent ?? []).map(({ reason, count }) => `${count} ${reason}`)
const blocked = ({ zcj }: HeldCluster): string | undefined => {
  const condition = conditionOf(zcj.status, 'Blocked')
  return condition?.status === 'True' ? condition.reason : undefined
}

describe('a run', () => {
  it('is started at its time as a Job named by it, once, and says when it wants to be asked again', () => {
    const held = cluster({ schedule: '*/5 * * * *' })
    expect(held.turn(created)).toBe(at('01T00:05:00'))
    expect(held.turn(at('01T00:05:00'))).toBe(at('01T00:10:00'))
    held.turn(at('01T00:05:01'))
    expect(madeBy(held)).toEqual(['01T00:05'])
    expect(held.jobs[0]?.metadata).toMatchObject({
      name: `report-${at('01T00:05:00') / 1000}`,
      labels: { 'roadcrew.dev/zoned-cronjob': 'report' },
      ownerReferences: [{ kind: 'ZonedCronJob', uid: 'u-1', controller: true }],
    })
    expect(held.zcj.status).toMatchObject({
      highWaterMark: '2027-03-01T00:05:00Z',
      lastScheduleTime: '2027-03-01T00:05:00Z',
      active: 1,
    })
    expect(held.zcj.status).not.toHaveProperty('missed')
  })

  it('is later by its part of the spread, which is the same each time and another for others', () => {
    const held = cluster({ schedule: '0 * * * *', spread: { windowSeconds: 1800 } })
    const first = held.turn(created) ?? 0
    const later = first - at('01T01:00:00')
    expect(later).toBeGreaterThanOrEqual(0)
    expect(later).toBeLessThan(1_800_000)
    held.turn(first - 1)
    expect(held.made).toEqual([])
    expect(held.turn(first)).toBe(first + 3_600_000)
    expect(held.made).toEqual([at('01T01:00:00')])
    const other = { ...held.zcj, metadata: { ...held.zcj.metadata, uid: 'u-2' }, status: {} }
    expect(decide(other, [], created, zones).wakesAt).not.toBe(first)
  })

  it('of a Job that another owner took the name of is not its own', () => {
    const held = cluster({ schedule: '*/5 * * * *' })
    const foreign = jobFor({ ...held.zcj, metadata: { ...held.zcj.metadata, uid: 'other' } }, at('01T00:05:00'))
    const { actions } = decide(held.zcj, [foreign], at('01T00:05:00'), zones)
    expect(actions[0]).toMatchObject({
      do: 'create',
      job: { metadata: { name: jobName(held.zcj, at('01T00:05:00')) } },
    })
  })

  it('of something that is being deleted is not started', () => {
    const held = cluster()
    const metadata = { ...held.zcj.metadata, deletionTimestamp: timeText(created) }
    expect(decide({ ...held.zcj, metadata }, [], created + day, zones).actions).toEqual([])
  })
})

describe('missed runs', () => {
  const away = (spec: Partial<ZonedCronJobSpec>, until: number): HeldCluster => {
    const held = cluster({ schedule: '0 * * * *', ...spec })
    held.turn(created)
    held.turn(until)
    return held
  }

  it.each<[string, Partial<ZonedCronJobSpec>, string, readonly string[], readonly string[]]>([
    ['last', {}, '01T05:20:00', ['01T05:00'], ['4 Superseded']],
    ['skip', { missedRuns: { policy: 'skip' } }, '01T05:20:00', [], ['5 Skipped']],
    ['skip, but in time', { missedRuns: { policy: 'skip' } }, '01T05:01:00', ['01T05:00'], ['4 Skipped']],
    [
      'all',
      { missedRuns: { policy: 'all', limit: 3 } },
      '01T05:20:00',
      ['01T03:00', '01T04:00', '01T05:00'],
      ['2 OverLimit'],
    ],
    [
      'all, with a deadline',
      { missedRuns: { policy: 'all', deadlineSeconds: 7200 } },
      '01T05:20:00',
      ['01T04:00', '01T05:00'],
      ['3 TooLate'],
    ],
    [
      'all, replacing',
      { missedRuns: { policy: 'all' }, concurrencyPolicy: 'Replace' },
      '01T05:20:00',
      ['01T05:00'],
      ['4 Superseded'],
    ],
    ['last, too late', { startingDeadlineSeconds: 600 }, '01T05:20:00', [], ['5 TooLate']],
  ])('with %s', (_, spec, until, made, reasons) => {
    const held = away(spec, at(until))
    expect(madeBy(held)).toEqual(made)
    expect(missed(held)).toEqual(reasons)
    expect(held.told.filter((text) => text.startsWith('RunsMissed'))).toHaveLength(reasons.length)
  })

  it('of ten years at one a minute are counted at once', () => {
    const held = away({ schedule: '* * * * *', missedRuns: { policy: 'skip' } }, created + 3653 * day)
    // The last one is in time.
    expect(held.zcj.status?.missed).toMatchObject({ count: 3653 * 1440 - 1 })
    expect(held.made).toHaveLength(1)
  })

  it('of 400 days of suspension are not made up for, and the next run comes', () => {
    const held = cluster({ schedule: '0 * * * *' })
    held.turn(created)
    held.edit({ suspend: true })
    expect(held.turn(created + minute)).toBeUndefined()
    held.edit({ suspend: false })
    const resumed = created + 400 * day
    const next = held.turn(resumed) ?? 0
    expect(held.made).toEqual([])
    expect(missed(held)).toEqual(['9600 Suspended'])
    held.turn(next)
    expect(held.made).toEqual([next])
  })
})

describe('an edit', () => {
  it('makes nothing of the past due', () => {
    const held = cluster({ schedule: '0 12 * * *' })
    held.turn(created)
    held.turn(at('01T15:00:00'))
    held.edit({ schedule: '0 14 * * *' })
    expect(held.turn(at('01T15:00:10'))).toBe(at('02T14:00:00'))
    expect(madeBy(held)).toEqual(['01T12:00'])
  })

  it('before anybody saw it makes nothing of the past due either', () => {
    const held = cluster({ schedule: '0 12 * * *' })
    held.edit({ schedule: '0 14 * * *' })
    held.turn(at('01T15:00:10'))
    expect(held.made).toEqual([])
    expect(missed(held)).toEqual(['1 ScheduleChanged'])
  })

  it('while a run is due counts it as missed, unless its Job is there already', () => {
    const held = cluster({ schedule: '0 12 * * *' })
    held.turn(created)
    held.edit({ schedule: '0 14 * * *' })
    held.turn(at('01T12:00:05'))
    expect(missed(held)).toEqual(['1 ScheduleChanged'])
    const crashed = cluster({ schedule: '0 12 * * *' })
    crashed.turn(created)
    crashed.turn(at('01T12:00:00'), 1)
    crashed.edit({ schedule: '0 14 * * *' })
    crashed.turn(at('01T12:00:05'))
    expect(missed(crashed)).toEqual([])
    expect(crashed.zcj.status?.lastScheduleTime).toBe('2027-03-01T12:00:00Z')
    expect(crashed.made).toHaveLength(1)
  })
})

describe('a clock that goes', () => {
  it.each([3_600_000, day])('back by %d ms starts nothing twice, and says so', (back) => {
    const held = cluster({ schedule: '*/30 * * * *' })
    held.turn(created)
    held.turn(at('05T12:00:00'))
    held.finish(at('05T12:00:01'))
    held.edit({ successfulJobsHistoryLimit: 0 })
    held.turn(at('05T12:00:02'))
    expect(held.jobs).toEqual([])
    for (let now = at('05T12:00:00') - back; now <= at('05T12:00:00'); now += 10 * minute) held.turn(now)
    expect(madeBy(held)).toEqual(['05T12:00'])
    held.turn(at('05T12:00:00') - back + minute)
    expect(blocked(held)).toBe('ClockBehind')
    held.turn(at('05T12:30:00'))
    expect(madeBy(held)).toEqual(['05T12:00', '05T12:30'])
    expect(blocked(held)).toBeUndefined()
  })
})

describe('with Forbid', () => {
  it('a run waits for the end of an earlier one, and what comes due meanwhile is missed for that', () => {
    const held = cluster({ schedule: '* * * * *', concurrencyPolicy: 'Forbid' })
    held.turn(at('01T00:01:00'))
    for (const time of ['01T00:02:00', '01T00:03:00', '01T00:04:00']) held.turn(at(time))
    expect(held.made).toHaveLength(1)
    expect(blocked(held)).toBe('StillRunning')
    expect(missed(held)).toEqual(['2 StillRunning'])
    held.finish(at('01T00:04:30'))
    held.turn(at('01T00:04:31'))
    expect(madeBy(held)).toEqual(['01T00:01', '01T00:04'])
    expect(blocked(held)).toBeUndefined()
  })

  it('it waits no longer than it may start', () => {
    const held = cluster({ schedule: '0 * * * *', concurrencyPolicy: 'Forbid', startingDeadlineSeconds: 60 })
    held.turn(at('01T01:00:00'))
    expect(held.turn(at('01T02:00:00'))).toBe(at('01T02:01:00') + 1)
    held.turn(at('01T02:01:00') + 1)
    expect(missed(held)).toEqual(['1 StillRunning'])
  })
})

it('with Replace the earlier Job is deleted first', () => {
  const held = cluster({ schedule: '* * * * *', concurrencyPolicy: 'Replace' })
  held.turn(at('01T00:01:00'))
  held.turn(at('01T00:02:00'))
  expect(held.planned).toEqual([at('01T00:02:00')])
  expect(held.deleted).toMatchObject([{ why: 'replaced' }])
})

it('with Replace a Job of which no status tells yet is noted before it is deleted', () => {
  const held = cluster({ schedule: '* * * * *', concurrencyPolicy: 'Replace' })
  held.turn(created)
  held.turn(at('01T00:01:00'), 1)
  held.turn(at('01T00:02:00'), 2)
  held.turn(at('01T00:02:01'))
  expect(madeBy(held)).toEqual(['01T00:01', '01T00:02'])
  expect(missed(held)).toEqual([])
  expect(held.planned).toEqual([at('01T00:02:00')])
})

describe('a Job that is refused', () => {
  it('for a quota is told once, tried again, and no run until it is there', () => {
    const held = cluster({ schedule: '0 * * * *' })
    held.refuses = 'QuotaExceeded'
    held.turn(at('01T01:00:00'))
    held.turn(at('01T01:00:10'))
    expect(held.zcj.status?.lastScheduleTime).toBeUndefined()
    expect(blocked(held)).toBe('QuotaExceeded')
    expect(held.told).toEqual([expect.stringMatching(/^QuotaExceeded: .*2027-03-01T01:00:00Z was refused: no room$/)])
    held.refuses = undefined
    held.turn(at('01T01:01:00'))
    expect(madeBy(held)).toEqual(['01T01:00'])
    expect([missed(held), blocked(held)]).toEqual([[], undefined])
  })

  it('until the next one is due is missed for that', () => {
    const held = cluster({ schedule: '0 * * * *' })
    held.refuses = 'Refused'
    held.turn(at('01T01:00:00'))
    held.turn(at('01T02:00:00'))
    held.refuses = undefined
    held.turn(at('01T02:00:10'))
    expect(madeBy(held)).toEqual(['01T02:00'])
    expect(missed(held)).toEqual(['1 Refused'])
  })

  it('since its own finished Jobs use up the quota, finds room made', () => {
    const held = cluster({ schedule: '0 * * * *', successfulJobsHistoryLimit: 5 })
    held.quota = 3
    for (const hour of ['01', '02', '03']) {
      held.turn(at(`01T${hour}:00:00`))
      held.finish(at(`01T${hour}:00:30`))
    }
    held.turn(at('01T04:00:00'))
    held.turn(at('01T04:00:01'))
    expect(madeBy(held)).toEqual(['01T01:00', '01T02:00', '01T03:00', '01T04:00'])
    expect(held.deleted).toMatchObject([{ why: 'quota', name: `report-${at('01T01:00:00') / 1000}` }])
  })
})

describe('finished Jobs', () => {
  it('beyond the limits are deleted, oldest first, ten at a time', () => {
    const held = cluster({ schedule: '* * * * *', missedRuns: { policy: 'all', limit: 30 } })
    held.turn(at('01T00:30:00'))
    held.finish(at('01T00:30:10'))
    expect(held.turn(at('01T00:30:10'))).toBe(at('01T00:30:10') + 1000)
    expect(held.planned).toHaveLength(20)
    expect(held.planned[0]).toBe(at('01T00:11:00'))
    for (let now = at('01T00:30:11'); now < at('01T00:31:00'); now += 1000) held.turn(now)
    expect(held.planned).toEqual([at('01T00:28:00'), at('01T00:29:00'), at('01T00:30:00')])
  })

  it('are deleted when their time is over, which the cluster itself is not told of', () => {
    const spec = { ttlSecondsAfterFinished: 90, template: {} }
    const held = cluster({ schedule: '0 * * * *', jobTemplate: { spec } })
    held.turn(at('01T01:00:00'))
    expect(held.jobs[0]?.spec).not.toHaveProperty('ttlSecondsAfterFinished')
    held.finish(at('01T01:10:00'))
    expect(held.turn(at('01T01:10:00'))).toBe(at('01T01:11:30'))
    held.turn(at('01T01:11:30'))
    expect(held.jobs).toEqual([])
    expect(held.zcj.status).toMatchObject({ active: 0, lastSuccessfulTime: '2027-03-01T01:10:00Z' })
  })

  it('are kept until their time is in the mark', () => {
    const held = cluster({ schedule: '0 * * * *', successfulJobsHistoryLimit: 0 })
    held.turn(created)
    held.turn(at('01T01:00:00'), 1)
    held.finish(at('01T01:00:01'))
    expect(decide(held.zcj, held.jobs, at('01T01:00:02'), zones).actions.map((action) => action.do)).toEqual(['status'])
    held.turn(at('01T01:00:02'))
    expect([held.jobs, held.made.length]).toEqual([[], 1])
  })
})

describe('what can not be used', () => {
  it.each<[Partial<ZonedCronJobSpec>, string]>([
    [{ schedule: '61 * * * *' }, 'InvalidSchedule: spec.schedule: end of range (61) above maximum (59): 61'],
    [
      { schedule: 'TZ=Europe/Berlin 0 2 * * *' },
      'InvalidSchedule: spec.schedule: a zone does not belong into the schedule, but into spec.timeZone',
    ],
    [{ timeZone: 'Europe/Atlantis' }, `UnknownTimeZone: spec.timeZone: ${zones.data} has no zone "Europe/Atlantis"`],
    [{ failedJobsHistoryLimit: -1 }, 'InvalidValue: spec.failedJobsHistoryLimit: -1 is no whole number from 0 on'],
  ])('is told once with its field: %j', (spec, told) => {
    const held = cluster(spec)
    held.turn(created)
    held.turn(created + day)
    expect(held.told).toEqual([told])
    expect(conditionOf(held.zcj.status, 'Valid')).toMatchObject({ status: 'False', reason: told.split(':')[0] })
    held.edit({ schedule: '0 12 * * *', timeZone: 'UTC', failedJobsHistoryLimit: 1 })
    expect(held.turn(at('03T15:00:00'))).toBe(at('04T12:00:00'))
    expect(held.made).toEqual([])
  })

  it('is a name that leaves no room for the time', () => {
    const held = cluster()
    const zcj = { ...held.zcj, metadata: { ...held.zcj.metadata, name: 'x'.repeat(53) } }
    expect(decide(zcj, [], created, zones).actions).toContainEqual(expect.objectContaining({ reason: 'InvalidName' }))
  })
})

it('the preview shows five runs in both zones, and what the clocks do to them', () => {
  const held = new HeldCluster(
    zonedCronJob({ schedule: '30 2 * * *', timeZone: 'Europe/Berlin' }, Date.parse('2027-03-27T12:00:00Z')),
  )
  held.turn(Date.parse('2027-03-27T12:00:00Z'))
  expect(held.zcj.status?.preview?.slice(0, 2)).toEqual([
    { utc: '2027-03-28T01:00:00Z', local: '2027-03-28 03:00 +02:00', note: 'skipped' },
    { utc: '2027-03-29T00:30:00Z', local: '2027-03-29 02:30 +02:00' },
  ])
  expect(held.zcj.status?.preview).toHaveLength(5)
})
