import type { CronJob, Job } from 'kubernetes-types/batch/v1.js'
import { describe, expect, it } from 'vitest'
import type { Finding, Step } from '../../contract/hazard.ts'
import { recordedWorld } from '../../engine/fixtures/recorded-world.ts'
import { look } from '../../engine/look.ts'
import { machineZones } from '../../node/time-zones.ts'
import { cronJobs, events, jobs } from '../../objects/kinds.ts'
import { jobName } from './catch-up.ts'
import { frozenCronJob } from './hazard.ts'

const now = Date.parse('2026-11-23T08:00:30Z')
const hours = (ago: number): string => new Date(now - ago * 3_600_000).toISOString().replace(/\.\d+/, '')
const wish = 'roadcrew.dev/catch-up'
const note = 'roadcrew.dev/catching-up'
const run = '2026-11-23T08:00:00Z'

interface Told {
  readonly annotations?: Readonly<Record<string, string>>
  readonly spec?: Partial<NonNullable<CronJob['spec']>>
  readonly edited?: string | null
  readonly last?: string
  readonly active?: readonly string[]
  readonly jobs?: readonly Job[]
}

/** A CronJob that a 1.20 has frozen three hours ago, one a minute, and whose owner wants runs of the last two hours. */
async function judged({
  annotations = { [wish]: '2h' },
  spec = {},
  edited = hours(20),
  last = hours(3),
  ...more
}: Told) {
  const cronJob: CronJob = {
    metadata: {
      name: 'report',
      namespace: 'shop',
      uid: 'u',
      creationTimestamp: hours(30 * 24),
      annotations: {
        ...annotations,
        ...(edited !== null && {
          'roadcrew.dev/schedule-seen': `${edited} ${JSON.stringify([spec.schedule ?? '* * * * *', '', 'runs'])}`,
        }),
      },
    },
    spec: {
      schedule: '* * * * *',
      jobTemplate: { metadata: { labels: { app: 'report' } }, spec: { template: { spec: { containers: [] } } } },
      ...spec,
    },
    status: { lastScheduleTime: last, active: (more.active ?? []).map((name) => ({ name })) },
  }
  const gaveUp = {
    metadata: { name: 'e', namespace: 'shop' },
    involvedObject: { kind: 'CronJob', namespace: 'shop', name: 'report' },
    reason: 'FailedNeedsStart',
    message: 'too many missed start times',
    lastTimestamp: hours(0),
  }
  const world = recordedWorld(
    [
      [cronJobs, [cronJob]],
      [jobs, more.jobs ?? [{ of: jobs, items: [] }]],
      [events, [gaveUp]],
    ],
    { version: { major: 1, minor: 20 } },
  )
  const vantages = ['cluster'] as const
  const seen = await look({ hazards: [frozenCronJob], vantages, world, now, ticks: 0, zones: machineZones() })
  const verdict = seen.judged.find(({ subject }) => subject.name === 'report')?.verdict
  const findings: readonly Finding[] = verdict?.verdict === 'found' ? verdict.findings : []
  const steps: readonly Step[] = findings.flatMap(({ remedy }) => remedy).filter(({ name }) => name !== undefined)
  return {
    findings,
    steps: steps.map(({ name }) => name),
    step: steps[0],
    advice: findings.flatMap(({ remedy }) => remedy.flatMap((one) => (one.do === 'advise' ? [one.why] : []))),
    not: findings.find(({ reason }) => reason === 'not-caught-up')?.fact,
  }
}
const job = (name: string, isFinished = false): Job => ({
  metadata: {
    name,
    namespace: 'shop',
    ownerReferences: [{ apiVersion: 'batch/v1beta1', kind: 'CronJob', name: 'report', uid: 'u', controller: true }],
  },
  status: isFinished ? { conditions: [{ type: 'Complete', status: 'True' }] } : { active: 1 },
})

describe('a missed run is made up for', () => {
  it('if its owner asked for it: the latest one, and the status then says so', async () => {
    const { step, steps } = await judged({})
    expect(steps).toEqual(['catch-up'])
    expect(step).toMatchObject({
      do: 'create',
      target: { kind: 'CronJob', name: 'report' },
      object: {
        kind: 'Job',
        metadata: {
          name: jobName('report', Date.parse(run)),
          labels: { app: 'report' },
          annotations: { 'batch.kubernetes.io/cronjob-scheduled-timestamp': run },
        },
        spec: { template: { spec: { containers: [] } } },
      },
      note: { key: note, value: run },
      changes: [{ path: ['status', 'lastScheduleTime'], before: hours(3), after: run }],
      refer: ['status', 'active'],
    })
  })

  it('under a name that fits, and that no native controller gives', () => {
    const name = jobName('c'.repeat(52), Date.parse('2083-12-31T23:59:00Z'))
    expect(name).toHaveLength(63)
    expect(name).toMatch(/-late-[0-9a-z]{5}$/)
  })

  it('and not where nobody asked: it is thawed', async () => {
    expect((await judged({ annotations: {} })).steps).toEqual(['thaw'])
  })

  it.each<[string, Told, RegExp]>([
    ['is too late', { spec: { schedule: '10 5 * * *' }, last: hours(4000), annotations: { [wish]: '2h' } }, /^$/],
    ['is too late for the annotation', { annotations: { [wish]: '20s' } }, /late by 30 s, and .*catch-up allows 20 s/],
    ['was due before the schedule was edited', { edited: hours(0) }, /only since 2026-11-23T08:00:30Z/],
    ['can not be told from an edit', { edited: null }, /was not noted/],
    [
      'was begun, and its Job may be gone',
      { annotations: { [wish]: '2h', [note]: run }, spec: { successfulJobsHistoryLimit: 0 } },
      /may have run/,
    ],
  ])('not one that %s', async (_, told, fact) => {
    const { steps, not } = await judged(told)
    // Frozen for months it is a person's in any case.
    expect(steps.filter((name) => name !== 'note-schedule')).toEqual(told.last === undefined ? ['thaw'] : [])
    expect(not ?? '').toMatch(fact)
  })

  it('not while one is running that must not run beside it; then it waits, and is not thawed', async () => {
    for (const concurrencyPolicy of ['Forbid', 'Replace']) {
      const { steps, advice } = await judged({
        spec: { concurrencyPolicy },
        jobs: [job('report-1')],
        active: ['report-1'],
      })
      expect(steps).toEqual([])
      expect(advice).toContainEqual(
        expect.stringContaining(`made up for when Job report-1 has ended (${concurrencyPolicy})`),
      )
      const ended = await judged({ spec: { concurrencyPolicy }, jobs: [job('report-1', true)] })
      expect(ended.steps).toEqual(['catch-up'])
    }
    expect((await judged({ jobs: [job('report-1')], active: ['report-1'] })).steps).toEqual(['catch-up'])
  })

  it('not where the Jobs can not be read', async () => {
    const { steps } = await judged({
      spec: { concurrencyPolicy: 'Forbid' },
      jobs: [{ of: jobs, unread: 'forbidden' }] as never,
    })
    expect(steps).toEqual([])
  })

  it('not later than the deadline, which the owner may have set too', async () => {
    // Into this deadline more than 100 runs fit, so it froze all the same.
    const { steps, not } = await judged({
      spec: { schedule: '0 7 * * *', startingDeadlineSeconds: 86_400 * 200 },
      last: hours(24 * 150),
      annotations: { [wish]: '2h' },
    })
    expect([steps, not]).toEqual([[], undefined])
  })
})

describe('a run that is being made up for', () => {
  const begun = '2026-11-23T07:58:00Z'
  const annotations = { [wish]: '2h', [note]: begun }

  it('stays the same one, though another is due by now', async () => {
    const { step } = await judged({ annotations })
    expect(step).toMatchObject({ do: 'create', note: { value: begun }, changes: [{ after: begun }] })
  })

  it('is finished if its Job is there, whatever was changed meanwhile', async () => {
    const made = job(jobName('report', Date.parse(begun)), true)
    const { step } = await judged({ annotations: { [note]: begun }, edited: hours(0), jobs: [made] })
    expect(step).toMatchObject({ do: 'create', note: { value: begun } })
  })

  it('is given up, and the note with it, once it may not be started any more', async () => {
    const { step, not } = await judged({ annotations, edited: hours(0) })
    expect(not).toContain(`the run planned for ${begun} is not made up for`)
    expect(step).toMatchObject({
      name: 'thaw',
      changes: [
        { path: ['status', 'lastScheduleTime'], after: run },
        { path: ['metadata', 'annotations', note], before: begun, after: undefined },
      ],
    })
  })

  it('is no longer one when the status has left it behind', async () => {
    const { step } = await judged({ annotations: { [wish]: '2h', [note]: hours(4) } })
    expect(step).toMatchObject({ do: 'create', note: { value: run } })
  })
})

describe('what is noted of the schedule', () => {
  it('is what it is now, once, for those who want missed runs', async () => {
    const { step, findings } = await judged({ edited: null, last: run })
    expect(findings.map(({ reason }) => reason)).toEqual(['unseen-schedule'])
    expect(step).toMatchObject({
      name: 'note-schedule',
      changes: [
        {
          path: ['metadata', 'annotations', 'roadcrew.dev/schedule-seen'],
          before: undefined,
          after: '2026-11-23T08:00:30Z ["* * * * *","","runs"]',
        },
      ],
    })
    expect((await judged({ edited: null, last: run, annotations: {} })).findings).toEqual([])
    expect((await judged({ last: run })).findings).toEqual([])
  })

  it.each<[string, NonNullable<Told['spec']>]>([
    ['suspended', { suspend: true }],
    ['given another zone', { timeZone: 'Europe/Berlin' }],
  ])('is noted anew when it is %s', async (_, spec) => {
    const { findings } = await judged({ spec, last: run })
    expect(findings.map(({ reason }) => reason)).toEqual(['unseen-schedule'])
  })
})

describe('an annotation that says nothing', () => {
  it.each(['2 hours', '', '-1h', '0', '1d'])('%j is told, and nothing is made up for', async (text) => {
    const { findings, steps } = await judged({ annotations: { [wish]: text } })
    expect(steps).toEqual(['thaw'])
    expect(findings.find(({ reason }) => reason === 'invalid-catch-up')?.fact).toContain(wish)
  })

  it('is told of one that runs well too', async () => {
    const { findings } = await judged({ annotations: { [wish]: 'soon' }, last: run })
    expect(findings.map(({ reason, severity }) => [reason, severity])).toEqual([['invalid-catch-up', 'low']])
  })
})
