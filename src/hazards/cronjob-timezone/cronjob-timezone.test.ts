import { describe, expect, it } from 'vitest'
import type { Finding, Verdict } from '../../contract/hazard.ts'
import { recordedWorld } from '../../engine/fixtures/recorded-world.ts'
import { look } from '../../engine/look.ts'
import { settle } from '../../engine/settle.ts'
import { machineZones } from '../../node/time-zones.ts'
import { cronJobs, jobs } from '../../objects/kinds.ts'
import { cronJobTimezone } from './hazard.ts'

const zones = machineZones()

const optionsFor = (spec: object, minor: number, asOf: string) => ({
  hazards: [cronJobTimezone],
  vantages: ['manifest', 'cluster'] as const,
  world: recordedWorld(
    [
      [
        cronJobs,
        [{ metadata: { name: 'report', namespace: 'jobs', creationTimestamp: '2026-01-01T00:00:00Z' }, spec } as never],
      ],
    ],
    { version: { major: 1, minor } },
  ),
  now: Date.parse(asOf),
  ticks: 0,
  zones,
})

async function findings(spec: object, minor = 34, asOf = '2026-11-23T08:00:00Z'): Promise<readonly Finding[]> {
  const { judged } = await look(optionsFor(spec, minor, asOf))
  return judged.flatMap(({ verdict }: { verdict: Verdict }) => (verdict.verdict === 'found' ? verdict.findings : []))
}

const reasons = async (...args: Parameters<typeof findings>) => (await findings(...args)).map(({ reason }) => reason)

describe('TZ= in a schedule, by release', () => {
  const prefixed = { schedule: 'CRON_TZ=Asia/Tehran 0 0 * * *' }
  it.each([
    [21, []], // refused as a whole, which is not this hazard's to say
    [22, ['zone-in-schedule']],
    [25, ['zone-in-schedule']],
    [30, ['zone-in-schedule']],
  ])('on 1.%d: %j', async (minor, expected) => expect(await reasons(prefixed, minor)).toEqual(expected))

  it('says that new objects are refused from 1.29 on, and that this one is not new', async () => {
    const [older] = await findings(prefixed, 28)
    const [newer] = await findings(prefixed, 29)
    expect(older?.fact).toContain('it works here')
    expect(newer?.fact).toContain('refuses that for new objects')
    expect(newer?.certain).toBeUndefined()
  })

  it('moves to spec.timeZone without changing when it runs; then nothing is left', async () => {
    const { edits, objects, left } = await settle(optionsFor(prefixed, 30, '2026-11-23T08:00:00Z'))
    expect(edits).toHaveLength(1)
    expect(left).toEqual([])
    expect([...objects.values()].map(({ after }) => after)).toMatchObject([
      { spec: { schedule: '0 0 * * *', timeZone: 'Asia/Tehran' } },
    ])
  })
})

describe('spec.timeZone, by release', () => {
  const named = { schedule: '0 12 * * *', timeZone: 'Europe/Berlin' }
  it.each([
    [20, ['zone-ignored']],
    [24, ['zone-ignored']],
    [25, []],
    [34, []],
  ])('on 1.%d: %j', async (minor, expected) => expect(await reasons(named, minor)).toEqual(expected))

  it('is asked for only where the cluster knows it and a zone matters', async () => {
    expect(await reasons({ schedule: '0 12 * * *' }, 34)).toEqual(['controller-zone'])
    expect(await reasons({ schedule: '0 12 * * *' }, 20)).toEqual([])
    expect(await reasons({ schedule: '*/10 * * * *' }, 34)).toEqual([])
  })
})

describe('clock changes', () => {
  const atNight = { schedule: '30 2 * * *', timeZone: 'Europe/Berlin' }

  it('are told ahead, with their dates', async () => {
    const found = await findings(atNight)
    expect(found.map(({ fact }) => fact)).toEqual([
      'the clock change of 2027-03-28 skips the run at 02:30',
      'the clock change of 2027-10-31 runs it twice at 02:30',
    ])
    expect(found[0]?.evidence.find(({ name }) => name === 'clocks change at')?.value).toBe('2027-03-28T01:00:00Z')
  })

  it.each([
    ['2026-03-29T08:00:00Z', 'skipped-run'],
    ['2026-10-25T08:00:00Z', 'doubled-run'],
    ['2026-10-31T08:00:00Z', 'doubled-run'],
  ])('that hit a run within a week are happening at %s', async (asOf, reason) => {
    const happened = (await findings(atNight, 34, asOf)).filter(({ lately }) => lately)
    expect(happened.map((one) => one.reason)).toEqual([reason])
  })

  it('of before are history', async () => {
    expect((await findings(atNight, 34, '2026-11-23T08:00:00Z')).filter(({ lately }) => lately)).toEqual([])
  })

  it('have their Jobs as evidence, by the time that each of them tells', async () => {
    const job = (name: string, creationTimestamp: string, annotations: object) => ({
      metadata: {
        ...{ name, namespace: 'jobs', creationTimestamp, annotations },
        ownerReferences: [{ apiVersion: 'batch/v1', kind: 'CronJob', name: 'report', uid: '1', controller: true }],
      },
    })
    const scheduled = { 'batch.kubernetes.io/cronjob-scheduled-timestamp': '2026-10-25T02:30:00+02:00' }
    const options = optionsFor(atNight, 34, '2026-10-25T08:00:00Z')
    const cronJob = {
      metadata: { name: 'report', namespace: 'jobs', creationTimestamp: '2026-01-01T00:00:00Z' },
      spec: atNight,
    }
    const made = [
      job('report-1', '2026-10-25T00:30:04Z', scheduled),
      job('report-2', '2026-10-25T01:30:07Z', {}),
      job('report-3', '2026-10-24T01:30:07Z', {}),
    ]
    const world = recordedWorld([
      [cronJobs, [cronJob as never]],
      [jobs, made as never],
    ])
    const { judged } = await look({ ...options, world, vantages: ['cluster'] })
    const evidence = judged.flatMap(({ verdict }) => (verdict.verdict === 'found' ? verdict.findings[0].evidence : []))
    expect(evidence.filter(({ name }) => name === 'Job').map(({ value }) => value)).toEqual([
      'report-1, for 2026-10-25T00:30:00Z',
      'report-2, created at 2026-10-25T01:30:07Z',
    ])
  })
})
