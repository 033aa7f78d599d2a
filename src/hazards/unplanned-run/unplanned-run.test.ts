import { describe, expect, it } from 'vitest'
import type { Finding } from '../../contract/hazard.ts'
import { recordedWorld } from '../../engine/fixtures/recorded-world.ts'
import { look, type Memory } from '../../engine/look.ts'
import { machineZones } from '../../node/time-zones.ts'
import { cronJobs, jobs } from '../../objects/kinds.ts'
import { plannedByName } from '../../objects/planned.ts'
import { unplannedRun } from './hazard.ts'

const zones = machineZones()
const created = { creationTimestamp: '2026-01-01T00:00:00Z' }

async function findings(spec: object, made: readonly object[] = []): Promise<readonly Finding[]> {
  const world = recordedWorld([
    [cronJobs, [{ metadata: { name: 'report', namespace: 'jobs', ...created }, spec } as never]],
    [jobs, made.map((job) => job as never)],
  ])
  const { judged } = await look({
    hazards: [unplannedRun],
    vantages: ['manifest', 'cluster'],
    world,
    now: Date.parse('2026-11-23T08:00:00Z'),
    ticks: 0,
    zones,
  })
  return judged.flatMap(({ verdict }) => (verdict.verdict === 'found' ? verdict.findings : []))
}

const job = (
  planned: string,
  started: string,
  status: object = {},
  name = `report-${Date.parse(planned) / 60_000}`,
): object => ({
  metadata: {
    name,
    namespace: 'jobs',
    creationTimestamp: started,
    ownerReferences: [{ kind: 'CronJob', name: 'report', controller: true }],
  },
  status,
})

const tight = { schedule: '0 3 * * *', startingDeadlineSeconds: 3600 }

describe('the planned time in a name', () => {
  it.each([
    ['report-29923380', Date.parse('2026-11-23T03:00:00Z')],
    ['report-1795402800', Date.parse('2026-11-23T03:00:00Z')],
    ['report-by-hand', undefined],
    ['other-29923380', undefined],
    ['report-1', undefined],
  ])('%s', (name, planned) => expect(plannedByName(name, 'report')).toBe(planned))
})

describe('a late run', () => {
  it('is told with how late it was', async () => {
    const [finding] = await findings(tight, [job('2026-11-22T03:00:00Z', '2026-11-22T06:04:00Z')])
    expect(finding?.fact).toBe('a run of the last week started late, the worst 3 h 4 min after its time')
    expect(finding?.evidence.map(({ name }) => name)).toEqual(['deadline', 'late Job', 'schedule'])
  })

  it.each([
    ['of four minutes is none', job('2026-11-22T03:00:00Z', '2026-11-22T03:04:00Z')],
    ['of last month is history', job('2026-10-22T03:00:00Z', '2026-10-22T06:00:00Z')],
  ])('%s', async (_, made) => expect(await findings(tight, [made])).toEqual([]))

  it('could come where no deadline is, but nobody minds one of every five minutes', async () => {
    expect((await findings({ schedule: '0 3 * * *' })).map(({ reason, severity }) => [reason, severity])).toEqual([
      ['late-run', 'low'],
    ])
    expect(await findings({ schedule: '*/5 * * * *' })).toEqual([])
    expect(await findings({ schedule: '0 3 1 * *', startingDeadlineSeconds: 86_400 })).toEqual([])
  })
})

describe('two Jobs for one time', () => {
  it('are found by their planned time, whatever the release called them', async () => {
    const [finding] = await findings(tight, [
      job('2026-11-23T03:00:00Z', '2026-11-23T03:00:02Z', {}, 'report-1795402800'),
      job('2026-11-23T03:00:00Z', '2026-11-23T03:01:00Z'),
    ])
    expect(finding?.fact).toBe('two Jobs were started for 2026-11-23T03:00:00Z')
  })
})

describe('runs over each other', () => {
  const first = job('2026-11-23T07:40:00Z', '2026-11-23T07:40:00Z', { completionTime: '2026-11-23T07:55:00Z' })
  const second = job('2026-11-23T07:50:00Z', '2026-11-23T07:50:01Z')

  it('are found where nobody forbade them', async () => {
    const [finding] = await findings({ schedule: '*/10 * * * *' }, [first, second])
    expect(finding?.fact).toContain('which took 15 min')
    expect(finding?.remedy[0]).toMatchObject({
      changes: [{ path: ['spec', 'concurrencyPolicy'], before: undefined, after: 'Forbid' }],
    })
  })

  it('are not what a Job that ended before the next one is', async () => {
    const done = job('2026-11-23T07:40:00Z', '2026-11-23T07:40:00Z', { completionTime: '2026-11-23T07:49:59Z' })
    expect(await findings({ schedule: '*/10 * * * *' }, [done, second])).toEqual([])
  })
})

describe('retries', () => {
  const forbid = { ...tight, concurrencyPolicy: 'Forbid' }
  const once = { jobTemplate: { spec: { backoffLimit: 0, template: { spec: { restartPolicy: 'Never' } } } } }

  it('are named where Forbid says that work is not to be done twice', async () => {
    expect((await findings(forbid)).map(({ fact }) => fact)).toEqual([
      'Forbid keeps runs apart, but one that fails is started up to 6 times again',
    ])
    expect(await findings({ ...forbid, ...once })).toEqual([])
    expect(await findings(tight)).toEqual([])
  })

  it('that happened are told; one failure that ended the Job is no retry', async () => {
    const failedOnce = {
      failed: 1,
      conditions: [{ type: 'Failed', status: 'True', lastTransitionTime: '2026-11-23T03:05:00Z' }],
    }
    const failedThenDone = { failed: 1, succeeded: 1, completionTime: '2026-11-23T03:05:00Z' }
    const at = ['2026-11-23T03:00:00Z', '2026-11-23T03:00:01Z'] as const
    const spec = { ...forbid, ...once }
    expect(await findings(spec, [job(...at, failedOnce)])).toEqual([])
    expect((await findings(spec, [job(...at, failedThenDone)])).map(({ reason }) => reason)).toEqual(['repeated-run'])
  })
})

describe('a run for a time that the schedule does not name', () => {
  /** Looks hourly from 02:30 on, at the spec and the Jobs of each hour. @returns what the last look found. */
  async function watched(...hours: readonly { readonly spec: object; readonly made?: readonly object[] }[]) {
    let memory: Memory = new Map()
    let reasons: string[] = []
    for (const [place, { spec, made = [] }] of hours.entries()) {
      const world = recordedWorld([
        [cronJobs, [{ metadata: { name: 'report', namespace: 'jobs', ...created }, spec } as never]],
        [jobs, made.map((one) => one as never)],
      ])
      const now = Date.parse('2026-11-23T02:30:00Z') + place * 3_600_000
      const seen = await look({ hazards: [unplannedRun], vantages: ['cluster'], world, now, ticks: 0, zones, memory })
      memory = seen.memory
      reasons = seen.judged.flatMap(({ verdict }) =>
        verdict.verdict === 'found' ? verdict.findings.map(({ reason, fact }) => `${reason}: ${fact}`) : [],
      )
    }
    return reasons
  }
  const at = (time: string) =>
    job(`2026-11-23T${time}Z`, `2026-11-23T${time}Z`, { succeeded: 1, completionTime: `2026-11-23T${time}Z` })
  const found = [
    'off-schedule-run: Job report-29923440 was started for 2026-11-23T04:00:00Z, which is no time of its schedule',
  ]

  it('is told by who saw the schedule at that time', async () => {
    expect(
      await watched({ spec: tight }, { spec: tight }, { spec: tight, made: [at('03:00:00'), at('04:00:00')] }),
    ).toEqual(found)
  })

  it('is not told by one look, nor where the schedule was edited, names its zone or names no times', async () => {
    const other = { ...tight, schedule: '0 4 * * *' }
    const made = [at('03:00:00'), at('04:00:00')]
    const zoned = { ...tight, schedule: '0 5 * * *', timeZone: 'Europe/Berlin' }
    const every = { ...tight, schedule: '@every 17m' }
    expect(await watched({ spec: tight, made: [at('01:00:00')] })).toEqual([])
    expect(await watched({ spec: tight }, { spec: other }, { spec: other, made })).toEqual([])
    expect(await watched({ spec: other }, { spec: other }, { spec: tight, made })).toEqual([])
    expect(await watched({ spec: zoned }, { spec: zoned, made: [at('04:00:00')] })).toEqual([])
    expect(await watched({ spec: every }, { spec: every, made })).toEqual([])
  })
})
