import type { CronJob } from 'kubernetes-types/batch/v1.js'
import { describe, expect, it } from 'vitest'
import { parseSchedule } from '../schedule/parse.ts'
import { utc } from '../schedule/zone.ts'
import { noteStarted, progress, type Track } from './runs.ts'

const at = (time: string): number => Date.parse(`2026-11-23T${time}Z`)
const iso = (time: string): string => `2026-11-23T${time}Z`
const cronJob = (last: string | undefined, spec: object = {}, active: readonly object[] = []): CronJob =>
  ({
    metadata: { name: 'report', creationTimestamp: iso('00:00:00') },
    spec: { schedule: '*/10 * * * *', ...spec },
    status: { ...(last !== undefined && { lastScheduleTime: iso(last) }), active },
  }) as CronJob
const timing = { schedule: parseSchedule('*/10 * * * *', { data: 'none', find: () => utc }), zone: utc }

/** What is said over time: each state of the CronJob with when it was looked at. */
function story(...looks: readonly (readonly [string, CronJob])[]) {
  let track: Track | undefined
  return looks.map(([time, seen]) => {
    const said = progress(seen, timing, at(time), track)
    track = said.track
    return said.missed
  })
}

describe('the runs of a CronJob', () => {
  it('are told: the next, the last', () => {
    expect(progress(cronJob('08:10:00'), timing, at('08:12:00'))).toMatchObject({
      next: at('08:20:00'),
      last: at('08:10:00'),
      missed: 0,
    })
  })

  it('are not missed while they are started, nor before the first look', () => {
    const looks = [
      ['08:05:00', cronJob('05:00:00')],
      ['08:15:00', cronJob('08:10:00')],
      ['08:25:00', cronJob('08:20:00')],
      ['08:35:00', cronJob('08:30:00')],
    ] as const
    expect(story(...looks)).toEqual([0, 0, 0, 0])
  })

  it('are missed once a later one is due, each once', () => {
    const frozen = cronJob('08:00:00')
    const looks = ['08:05:00', '08:19:59', '08:20:00', '08:25:00', '08:41:00'].map((time) => [time, frozen] as const)
    expect(story(...looks)).toEqual([0, 0, 1, 0, 2])
  })

  it('are missed when their deadline is over, and when a later one was started instead', () => {
    const tight = cronJob('08:00:00', { startingDeadlineSeconds: 60 })
    expect(story(['08:05:00', tight], ['08:10:59', tight], ['08:11:01', tight], ['08:25:00', tight])).toEqual([
      0, 0, 1, 1,
    ])
    expect(story(['08:05:00', cronJob('08:00:00')], ['08:42:00', cronJob('08:40:00')])).toEqual([0, 3])
  })

  it('that were seen to start between two looks are not missed', () => {
    const { track } = progress(cronJob('08:00:00'), timing, at('08:05:00'))
    if (!track) throw new Error('nothing is carried on')
    const noted = ['08:10:00', '08:20:00', '08:20:00'].reduce((one, last) => noteStarted(one, cronJob(last)), track)
    expect(progress(cronJob('08:40:00'), timing, at('08:42:00'), noted).missed).toBe(1)
  })

  it('of an edited schedule, or of a suspended CronJob, are nobody’s', () => {
    const frozen = cronJob('08:00:00')
    const edited = { ...frozen, spec: { ...frozen.spec, schedule: '*/10 * * 11 *' } } as CronJob
    expect(story(['08:05:00', frozen], ['09:00:00', edited])).toEqual([0, 0])
    const suspended = progress(cronJob('08:00:00', { suspend: true }), timing, at('12:00:00'))
    expect(suspended).toEqual({ last: at('08:00:00'), missed: 0 })
  })

  it('are overdue after 100 s, unless a run holds them back as its owner wished', () => {
    const overdue = (now: string, seen: CronJob) => progress(seen, timing, at(now)).overdue
    expect(overdue('08:11:40', cronJob('08:00:00'))).toBeUndefined()
    expect(overdue('08:11:41', cronJob('08:00:00'))).toBe(at('08:10:00'))
    expect(overdue('12:00:00', cronJob(undefined))).toBe(at('00:10:00'))
    const forbid = { concurrencyPolicy: 'Forbid' }
    expect(overdue('09:00:00', cronJob('08:00:00', forbid, [{ name: 'a' }]))).toBeUndefined()
    expect(overdue('09:00:00', cronJob('08:00:00', forbid))).toBe(at('08:10:00'))
  })
})
