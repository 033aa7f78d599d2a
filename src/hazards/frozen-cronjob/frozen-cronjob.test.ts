import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Finding, Json, Step, Verdict, Version } from '../../contract/hazard.ts'
import type { World } from '../../contract/world.ts'
import { recordedWorld } from '../../engine/fixtures/recorded-world.ts'
import { look } from '../../engine/look.ts'
import { fileWorlds } from '../../manifests/world.ts'
import { machineZones } from '../../node/time-zones.ts'
import { cronJobs, events } from '../../objects/kinds.ts'
import { frozenCronJob } from './hazard.ts'

const zones = machineZones()

async function verdictsIn(world: World, asOf: string): Promise<Map<string, Verdict[]>> {
  const options = {
    hazards: [frozenCronJob],
    vantages: ['manifest', 'cluster'] as const,
    now: Date.parse(asOf),
    ticks: 0,
    zones,
  }
  const { judged } = await look({ ...options, world })
  const verdicts = new Map<string, Verdict[]>()
  for (const { subject, verdict } of judged)
    verdicts.set(subject.name, [...(verdicts.get(subject.name) ?? []), verdict])
  return verdicts
}

async function fixture(name: string, asOf: string, minor: number): Promise<Map<string, Verdict[]>> {
  const options = { stdin: () => Promise.resolve(''), version: { major: 1, minor } }
  const { worlds } = await fileWorlds([join(import.meta.dirname, 'fixtures', name)], options)
  const [world] = worlds
  if (!world) throw new Error(`${name} holds no object`)
  return verdictsIn(world, asOf)
}

const findings = (verdicts: readonly Verdict[] | undefined): readonly Finding[] =>
  (verdicts ?? []).flatMap((verdict) => (verdict.verdict === 'found' ? verdict.findings : []))

const occurring = (verdicts: readonly Verdict[] | undefined): Finding | undefined =>
  findings(verdicts).find(({ state }) => state === 'occurring')

const evidence = (finding: Finding | undefined, name: string): Json | undefined =>
  finding?.evidence.find((one) => one.name === name)?.value

describe('missed runs, as the old controller counts them', () => {
  it.each([
    ['resumed', 768],
    ['never-ran', 768],
    ['hourly-missed-101', 101],
  ])('%s: %d, frozen', async (name, missed) => {
    const verdicts = await fixture('fires/old-controller.yaml', '2017-05-15T13:02:00Z', 6)
    const finding = occurring(verdicts.get(name))
    expect(finding?.reason).toBe('too-many-missed')
    expect(evidence(finding, 'missed runs')).toBe(missed)
  })

  it('100 are not frozen, nor is a deadline of 300 s after a weekend', async () => {
    const verdicts = await fixture('fires/old-controller.yaml', '2017-05-15T13:02:00Z', 6)
    expect(occurring(verdicts.get('hourly-missed-100'))).toBeUndefined()
    expect(findings(verdicts.get('with-deadline'))).toEqual([])
  })

  it('a suspended one is not occurring, but would freeze on resuming: 768 missed', async () => {
    const verdicts = await fixture('fires/old-controller.yaml', '2017-05-15T13:02:00Z', 6)
    expect(occurring(verdicts.get('still-suspended'))).toBeUndefined()
    const exposed = findings(verdicts.get('still-suspended')).find(({ reason }) => reason === 'resume-freezes')
    expect(evidence(exposed, 'missed runs')).toBe(768)
  })

  it.each([
    ['queue-history', 'too-many-missed', 112],
    ['incident-sync', 'too-many-missed', 226],
    ['event-sync-full', 'held-by-job', 2],
  ])('among healthy ones, %s is %s with %d missed', async (name, reason, missed) => {
    const finding = occurring((await fixture('fires/among-healthy.yaml', '2017-08-10T12:50:00Z', 7)).get(name))
    expect(finding?.reason).toBe(reason)
    expect(evidence(finding, 'missed runs')).toBe(missed)
  })

  it.each(['assign', 'statistics', 'failed-mail', 'event-sync'])('%s is fine', async (name) => {
    const verdicts = (await fixture('fires/among-healthy.yaml', '2017-08-10T12:50:00Z', 7)).get(name)
    expect(verdicts?.map(({ verdict }) => verdict)).toContain('clear')
    expect(occurring(verdicts)).toBeUndefined()
  })
})

describe('the evidence', () => {
  it('holds the event, what it says and how often', async () => {
    const finding = occurring((await fixture('fires/old-controller.yaml', '2017-05-15T13:02:00Z', 6)).get('resumed'))
    expect(evidence(finding, 'event FailedNeedsStart')).toContain('(62655 times)')
    expect(evidence(finding, 'next planned run')).toBe('2017-05-15T13:05:00Z')
    expect(evidence(finding, 'last run')).toBe('2017-05-12T21:00:00Z')
  })

  it('blames the quota and the finished Job that holds it, and never calls that frozen', async () => {
    const finding = occurring((await fixture('fires/refused.yaml', '2023-08-05T10:40:30Z', 27)).get('hello'))
    expect(finding?.reason).toBe('job-quota')
    expect(finding?.fact).toBe(
      'quota job-quota (1 of 1 Jobs used) refuses every Job: 40 runs missed; 1 finished Job holds it',
    )
    expect(evidence(finding, 'held by finished Job')).toBe('hello-28187160 of CronJob hello')
    expect(finding?.remedy[0]).toMatchObject({ do: 'delete', target: { kind: 'Job', name: 'hello-28187160' } })
    expect(finding?.remedy.some((step) => JSON.stringify(step).includes('startingDeadlineSeconds'))).toBe(false)
  })

  it('blames the Job that does not end, measured by those that did', async () => {
    const verdicts = await fixture('fires/held-back.yaml', '2026-11-23T08:00:30Z', 27)
    expect(occurring(verdicts.get('price-import'))?.fact).toBe(
      'Job price-import-29393220 has been running for 3 d 1 h (the longest finished run took 4 min 11 s) and Forbid holds back 73 runs',
    )
    expect(verdicts.get('long-but-well')?.map(({ verdict }) => verdict)).toEqual(['clear', 'clear'])
  })
})

describe('how long an outage may last', () => {
  it.each([
    ['* * * * *', 'here 1 h 40 min of outage', 'high'],
    ['0 * * * *', 'here 4 d 4 h of outage', 'high'],
    ['0 0 * * *', 'here 100 d 15 h of outage', 'low'],
    ['0 0 1 1 *', 'here more than five years of outage', 'low'],
  ])('%s', async (schedule, text, severity) => {
    const verdicts = await live(20, cronJob({ schedule }, { lastScheduleTime: '2026-11-23T08:00:00Z' }))
    const [finding] = findings(verdicts)
    expect(finding?.fact).toContain(text)
    expect(finding?.severity).toBe(severity)
  })
})

describe('deadlines', () => {
  it('ten seconds are named on the polling controller only', async () => {
    const old = await fixture('fires/deadlines.yaml', '2020-04-30T12:00:00Z', 17)
    expect(findings(old.get('ten')).map(({ reason, certain }) => [reason, certain])).toEqual([
      ['short-deadline', undefined],
    ])
    expect(findings(old.get('nine')).map(({ reason, certain }) => [reason, certain])).toEqual([
      ['short-deadline', true],
    ])
    const newer = await fixture('fires/deadlines.yaml', '2020-04-30T12:00:00Z', 30)
    expect(findings(newer.get('ten'))).toEqual([])
    expect(findings(newer.get('thirty'))).toEqual([])
  })

  it.each([17, 30])('zero and a last run in the future stop it on 1.%d', async (minor) => {
    const verdicts = await fixture('fires/deadlines.yaml', '2020-04-30T12:00:00Z', minor)
    expect(occurring(verdicts.get('zero'))?.reason).toBe('zero-deadline')
    const future = occurring(verdicts.get('future'))
    expect(future?.reason).toBe('future-last-run')
    expect(evidence(future, 'missed runs')).toBeUndefined()
  })

  it('one that is out of range is named as such, never taken for a deadline that is set', async () => {
    const verdicts = await fixture('fires/deadlines.yaml', '2020-04-30T12:00:00Z', 17)
    expect(findings(verdicts.get('huge'))[0]?.fact).toContain('99999999999999999999')
  })
})

const cronJob = (spec: object, status: object = {}): never =>
  ({
    metadata: { name: 'report', namespace: 'jobs', creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: { schedule: '* * * * *', ...spec },
    status,
  }) as never

const event = (reason: string): never =>
  ({
    metadata: { name: 'e', namespace: 'jobs' },
    involvedObject: { kind: 'CronJob', name: 'report', namespace: 'jobs' },
    reason,
    message: '',
    lastTimestamp: '2026-11-23T07:59:55Z',
  }) as never

const now = '2026-11-23T08:00:30Z'
const threeHoursAgo = { lastScheduleTime: '2026-11-23T05:00:00Z' }

const live = async (minor: number | undefined, job: never, ...seen: never[]): Promise<Verdict[]> => {
  const version: Version | undefined = minor === undefined ? undefined : { major: 1, minor }
  const world = recordedWorld(
    [
      [cronJobs, [job]],
      [events, seen],
    ],
    version ? { version } : {},
  )
  return (await verdictsIn(world, now)).get('report') ?? []
}

describe('which controller a cluster has', () => {
  it.each([
    [19, [], 'too-many-missed', undefined],
    [20, ['FailedNeedsStart'], 'too-many-missed', undefined],
    [20, [], undefined, undefined], // the old controller would have said so
    [20, ['TooManyMissedTimes'], undefined, undefined],
    [21, [], undefined, undefined],
    [21, ['FailedNeedsStart'], 'too-many-missed', undefined],
    [36, ['TooManyMissedTimes'], undefined, undefined],
    [undefined, [], undefined, undefined],
    [undefined, ['FailedNeedsStart'], 'too-many-missed', undefined],
  ] as const)('1.%s with %j', async (minor, reasons, reason, guess) => {
    const finding = occurring(await live(minor, cronJob({}, threeHoursAgo), ...reasons.map(event)))
    expect([finding?.reason, finding?.guess]).toEqual([reason, guess])
  })

  it('1.20 without readable events is a guess, and says so', async () => {
    const unread = [{ of: events, unread: 'forbidden' }]
    const recorded = [[cronJobs, [cronJob({}, threeHoursAgo)]] as const, [events, unread] as const]
    const world = recordedWorld(recorded, { version: { major: 1, minor: 20 } })
    const finding = occurring((await verdictsIn(world, now)).get('report'))
    expect([finding?.reason, finding?.guess]).toEqual(['too-many-missed', true])
    expect(finding?.fact).toContain('a guess')
  })

  it('180 missed runs on a newer cluster are never called frozen, and not fine either', async () => {
    const verdicts = await live(36, cronJob({}, threeHoursAgo))
    expect(verdicts.map(({ verdict }) => verdict)).toEqual(['clear', 'unknown'])
  })
})

describe('the remedy on a cluster', () => {
  it('is to thaw first: only the status, to the latest run that should have been', async () => {
    const [first, second] =
      occurring(await live(20, cronJob({}, threeHoursAgo), event('FailedNeedsStart')))?.remedy ?? []
    expect(first).toMatchObject({
      do: 'edit',
      name: 'thaw',
      changes: [
        { path: ['status', 'lastScheduleTime'], before: '2026-11-23T05:00:00Z', after: '2026-11-23T08:00:00Z' },
      ],
    } satisfies Partial<Step>)
    expect(second).toMatchObject({
      changes: [{ path: ['spec', 'startingDeadlineSeconds'], before: undefined, after: 100 }],
    })
  })

  it('is a command for a person when it has been frozen for more than seven days', async () => {
    const stepsAt = async (lastScheduleTime: string) =>
      occurring(await live(20, cronJob({}, { lastScheduleTime }), event('FailedNeedsStart')))?.remedy[0]
    expect(await stepsAt('2026-11-16T08:01:00Z')).toMatchObject({ do: 'edit', name: 'thaw' })
    expect(await stepsAt('2026-11-16T07:59:00Z')).toMatchObject({
      do: 'advise',
      command: expect.stringContaining('--subresource=status'),
    })
  })

  it('takes only the Job that is gone out of status.active', async () => {
    const active = [{ kind: 'Job', name: 'gone', namespace: 'jobs' }]
    const finding = occurring(await live(27, cronJob({ concurrencyPolicy: 'Forbid' }, { ...threeHoursAgo, active })))
    expect(finding?.reason).toBe('held-by-ghost')
    expect(finding?.remedy[0]).toMatchObject({
      name: 'drop-reference',
      changes: [{ path: ['status', 'active'], before: active, after: undefined }],
    })
  })
})

describe('what is left alone', () => {
  it.each([
    ['a run that is due this minute', cronJob({}, { lastScheduleTime: '2026-11-23T07:59:00Z' })],
    ['a suspended one', cronJob({ suspend: true }, threeHoursAgo)],
    [
      'one whose zone makes it due later',
      cronJob({ schedule: '0 9 * * *', timeZone: 'Europe/Lisbon' }, { lastScheduleTime: '2026-11-22T09:00:00Z' }),
    ],
  ])('%s', async (_, job) => {
    expect((await live(36, job)).map(({ verdict }) => verdict)).toEqual(['clear', 'clear'])
  })

  it('one that was never applied has no runs to miss', async () => {
    const verdicts = await live(36, {
      metadata: { name: 'report', namespace: 'jobs' },
      spec: { schedule: '* * * * *' },
    } as never)
    expect(verdicts.map(({ verdict }) => verdict)).toEqual(['clear', 'absent'])
  })

  it('a zone that no data has makes it unknown', async () => {
    const verdicts = await live(36, cronJob({ timeZone: 'Nowhere/City' }, threeHoursAgo))
    expect(verdicts.map(({ verdict }) => verdict)).toEqual(['clear', 'unknown'])
  })
})
