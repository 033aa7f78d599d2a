import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Finding, Verdict } from '../../contract/hazard.ts'
import { recordedWorld } from '../../engine/fixtures/recorded-world.ts'
import { look } from '../../engine/look.ts'
import { fileWorlds } from '../../manifests/world.ts'
import { machineZones } from '../../node/time-zones.ts'
import { cronJobs, events, jobs, pods, resourceQuotas } from '../../objects/kinds.ts'
import { stuckCleanup } from './hazard.ts'

const zones = machineZones()
type Options = Parameters<typeof look>[0]

const lookAt = ({ world, now, memory }: Pick<Options, 'world' | 'now' | 'memory'>) =>
  look({ hazards: [stuckCleanup], vantages: ['cluster'], ticks: 0, zones, world, now, ...(memory && { memory }) })

async function fixture(name: string, asOf: string, minor?: number): Promise<(subject: string) => Finding> {
  const options = { stdin: () => Promise.resolve(''), ...(minor !== undefined && { version: { major: 1, minor } }) }
  const { worlds } = await fileWorlds([join(import.meta.dirname, 'fixtures', name)], options)
  const [world] = worlds
  if (!world) throw new Error(`${name} holds no object`)
  const { judged } = await lookAt({ world, now: Date.parse(asOf) })
  return (subject) => {
    const [finding] = judged.flatMap((one) => (one.subject.name === subject ? findings(one.verdict) : []))
    if (!finding) throw new Error(`nothing was found of ${subject}`)
    return finding
  }
}

const findings = (verdict: Verdict): readonly Finding[] => (verdict.verdict === 'found' ? verdict.findings : [])
const steps = ({ remedy }: Finding): readonly string[] =>
  remedy.map((step) =>
    [step.do, step.name, 'target' in step ? step.target.name : step.command].filter(Boolean).join(' '),
  )
/** As `name@object:field`. */
const places = ({ evidence }: Finding): readonly string[] =>
  evidence.map(({ name, at }) => `${name}@${'subject' in at ? `${at.subject.name}:${at.field.join('.')}` : at.read}`)

describe('a quota used up by its own finished Jobs', () => {
  it('is held by a Job past the limit, which goes first (kubernetes#119775)', async () => {
    const finding = (await fixture('fires/quota.yaml', '2023-08-05T10:40:30Z', 27))('hello')
    expect(finding.fact).toBe(
      'quota job-quota refuses its runs, and is held by 1 finished Job of its own (1 past its history limits)',
    )
    expect(steps(finding)).toEqual([
      'delete clean-oldest hello-28187160',
      'edit hello',
      'advise kubectl -n jobs get resourcequota',
    ])
    expect(places(finding)).toEqual([
      'event FailedCreate@hello.1:message',
      'quota used@job-quota:status.used.count/jobs.batch',
      'held by finished Job@hello-28187160:status.completionTime',
      'history@hello:spec.successfulJobsHistoryLimit',
      'history of failed Jobs@hello:spec.failedJobsHistoryLimit',
    ])
    expect(finding.remedy.some((step) => JSON.stringify(step).includes('startingDeadlineSeconds'))).toBe(false)
  })

  it('is held within the limits: what its owner keeps goes by a step of its own, and the limits are made to fit', async () => {
    const finding = (await fixture('fires/quota.yaml', '2023-08-05T10:40:30Z', 27))('report')
    expect(steps(finding).slice(0, 2)).toEqual(['delete make-room report-0', 'edit report'])
    expect(finding.remedy[1]).toMatchObject({
      changes: [{ path: ['spec', 'successfulJobsHistoryLimit'], before: undefined, after: 2 }],
    })
  })

  it('that will refuse the next run is mended by the limits, and nothing is deleted for it', async () => {
    const finding = (await fixture('fires/quota.yaml', '2023-08-05T10:40:30Z', 27))('weekly')
    expect([finding.reason, finding.state]).toEqual(['quota-full', 'exposed'])
    expect(steps(finding)).toEqual(['edit weekly', 'advise kubectl -n lab get resourcequota'])
  })
})

describe('a clean-up by the history limits', () => {
  it('names the oldest by their start, and how long there have been too many', async () => {
    const finding = (await fixture('fires/over-limit.yaml', '2026-11-23T08:00:30Z', 27))('nightly')
    expect(finding.fact).toBe(
      '3 finished Jobs past its history limits not deleted for 2 d 4 h, although the controller has started a run since',
    )
    expect(steps(finding).slice(0, 2)).toEqual([
      'delete clean-oldest nightly-299217',
      'advise kubectl -n shop delete job nightly-299217 nightly-299218 nightly-299219',
    ])
    expect(finding.remedy[0]).toMatchObject({ finished: true })
    expect(places(finding)).toContain('failed Jobs@nightly:spec.failedJobsHistoryLimit')
  })
})

describe('finalizers', () => {
  const at = '2022-04-12T12:00:00Z'

  it('are named with whose they are and what they wait for (kubernetes#109429)', async () => {
    const of = await fixture('fires/deletion.yaml', at, 23)
    expect(of('task-1').fact).toBe(
      'deleted 4 h ago and still there, kept by foregroundDeletion of the garbage collector of kube-controller-manager, which waits for Pod task-1-abcde, kept by batch.kubernetes.io/job-tracking',
    )
    expect(of('archived').fact).toContain('archive.example.com/upload of a controller of archive.example.com')
    expect(places(of('task-1'))).toContain('its Pod, to be gone too@task-1-abcde:metadata.finalizers')
    expect(of('orphan-xyz').fact).toContain('no Job owns it any more')
  })

  it('are taken off by no program', async () => {
    const of = await fixture('fires/deletion.yaml', at, 23)
    for (const name of ['task-1', 'archived', 'disowned', 'task-1-abcde', 'orphan-xyz']) {
      expect(of(name).remedy.map((step) => step.do)).toEqual(of(name).remedy.map(() => 'advise'))
    }
    expect(steps(of('orphan-xyz')).at(-1)).toContain(
      `patch pod orphan-xyz --type=json -p '[{"op":"test","path":"/metadata/finalizers/0","value":"batch.kubernetes.io/job-tracking"}`,
    )
  })
})

describe('ttlSecondsAfterFinished', () => {
  const fact = async (minor?: number) =>
    (await fixture('fires/expired.yaml', '2026-11-23T08:00:30Z', minor))('migrate').fact

  it('that does nothing is told with the release, and a release that is not known is never taken for old', async () => {
    const late = 'should have been deleted 2 d 20 h ago by its ttlSecondsAfterFinished 3600'
    expect(await fact(19)).toBe(
      `${late}; in Kubernetes 1.19 that does nothing unless the feature gate TTLAfterFinished is on`,
    )
    expect(await fact(21)).toBe(late)
    expect(await fact(undefined)).toBe(late)
  })
})

const now = Date.parse('2026-11-23T08:00:00Z')
const ago = (minutes: number): string => new Date(now - minutes * 60_000).toISOString().replace('.000Z', 'Z')
const owner = [{ kind: 'CronJob', name: 'report', controller: true }]
const cronJob = (spec: object, status: object = { lastScheduleTime: ago(60) }): never =>
  ({ metadata: { name: 'report', namespace: 'jobs' }, spec: { schedule: '0 * * * *', ...spec }, status }) as never
const finished = (name: string, minutesAgo: number, metadata: object = {}): never =>
  ({
    metadata: { name, namespace: 'jobs', creationTimestamp: ago(minutesAgo + 1), ownerReferences: owner, ...metadata },
    status: {
      startTime: ago(minutesAgo + 1),
      completionTime: ago(minutesAgo),
      conditions: [{ type: 'Complete', status: 'True' }],
    },
  }) as never
const quota = (hard: string, used: string): never =>
  ({
    metadata: { name: 'q', namespace: 'jobs' },
    status: { hard: { 'count/jobs.batch': hard }, used: { 'count/jobs.batch': used } },
  }) as never
const refusal = (minutesAgo: number): never =>
  ({
    metadata: { name: 'e', namespace: 'jobs' },
    involvedObject: { kind: 'CronJob', name: 'report', namespace: 'jobs' },
    reason: 'FailedCreate',
    message: 'exceeded quota: q, requested: count/jobs.batch=1',
    lastTimestamp: ago(minutesAgo),
  }) as never

interface Seen {
  readonly jobs?: readonly never[]
  readonly quotas?: readonly never[] | 'unread'
  readonly events?: readonly never[]
}

const worldOf = (object: never, { jobs: made = [], quotas = [], events: told = [] }: Seen) =>
  recordedWorld([
    [cronJobs, [object]],
    [jobs, made],
    [pods, []],
    [resourceQuotas, quotas === 'unread' ? [{ of: resourceQuotas, unread: 'forbidden' }] : quotas],
    [events, told],
  ])

async function judge(object: never, seen: Seen): Promise<string> {
  const { judged } = await lookAt({ world: worldOf(object, seen), now })
  const verdict = judged.find(({ subject }) => subject.kind === 'CronJob')?.verdict
  return verdict?.verdict === 'found' ? verdict.findings.map(({ reason }) => reason).join() : (verdict?.verdict ?? '')
}

describe('when a clean-up is due', () => {
  const one = { successfulJobsHistoryLimit: 1 }

  it.each([
    ['for nine minutes is none yet', [finished('a', 60), finished('b', 9)], 'clear'],
    ['for eleven minutes is', [finished('a', 60), finished('b', 11)], 'over-limit'],
    [
      'that hangs in a finalizer is the finalizer’s',
      [finished('a', 60, { deletionTimestamp: ago(30) }), finished('b', 20)],
      'clear',
    ],
    [
      'that another only owns is nobody’s',
      [finished('a', 60, { ownerReferences: [{ kind: 'CronJob', name: 'report' }] }), finished('b', 20)],
      'clear',
    ],
    [
      'that does not say when it ended can’t be told',
      [
        finished('a', 60),
        {
          metadata: { name: 'b', namespace: 'jobs', ownerReferences: owner },
          status: { conditions: [{ type: 'Complete', status: 'True' }] },
        } as never,
      ],
      'clear',
    ],
  ])('one Job too many %s', async (_, made, verdict) => {
    expect(await judge(cronJob(one), { jobs: made })).toBe(verdict)
    expect(await judge(cronJob({ ...one, suspend: true }), { jobs: made })).toBe(verdict)
  })

  it('limits that are not set are those that the API server fills in', async () => {
    const made = [1, 2, 3].map((n) => finished(`j${n}`, 60 * n))
    expect(await judge(cronJob({}), { jobs: made })).toBe('clear')
    expect(await judge(cronJob({}), { jobs: [...made, finished('j4', 300)] })).toBe('over-limit')
  })
})

describe('who holds a quota', () => {
  const kept = [finished('a', 120), finished('b', 60)]

  it.each([
    ['refused since the last Job was made', [quota('2', '2')], [refusal(1)], 'quota-held'],
    ['refused before it was made: over', [quota('9', '3')], [refusal(90)], 'clear'],
    ['refused, but there is room by now', [quota('2', '1')], [refusal(1)], 'clear'],
    ['full, and no run was refused yet', [quota('2', '2')], [], 'quota-full'],
    ['full, mostly by others', [quota('20', '20')], [], 'clear'],
    ['not to be read, but the event says it', 'unread', [refusal(1)], 'quota-held'],
    ['not to be read', 'unread', [], 'unknown'],
  ] as const)('%s', async (_, quotas, told, verdict) => {
    expect(await judge(cronJob({}), { jobs: kept, quotas, events: told })).toBe(verdict)
  })

  it('without a finished Job of its own it holds none', async () => {
    expect(await judge(cronJob({}), { quotas: 'unread' })).toBe('clear')
    expect(await judge(cronJob({}), { quotas: [quota('2', '2')], events: [refusal(1)] })).toBe('clear')
  })
})

describe('a reference to a Job that is gone', () => {
  const planned = `report-${now / 60_000 - 60}`
  const active = [{ kind: 'Job', name: planned, namespace: 'jobs', uid: 'u' }]
  const holding = cronJob({ concurrencyPolicy: 'Forbid' }, { lastScheduleTime: ago(60), active })

  it('seen once is a guess, and is taken out of the status alone', async () => {
    const { judged } = await lookAt({ world: worldOf(holding, {}), now })
    const [finding] = judged.flatMap(({ verdict }) => findings(verdict))
    expect([finding?.reason, finding?.severity, finding?.guess]).toEqual(['dead-reference', 'high', true])
    expect(finding?.remedy[0]).toMatchObject({
      do: 'edit',
      name: 'drop-reference',
      changes: [{ path: ['status', 'active'], before: active, after: undefined }],
    })
  })

  it('is known to who watches: not at once, and then without guessing', async () => {
    const running = { metadata: { name: planned, namespace: 'jobs', uid: 'u' }, status: { active: 1 } } as never
    const first = await lookAt({ world: worldOf(holding, { jobs: [running] }), now })
    const second = await lookAt({ world: worldOf(holding, {}), now: now + 30_000, memory: first.memory })
    const third = await lookAt({ world: worldOf(holding, {}), now: now + 700_000, memory: second.memory })
    const reasons = [first, second, third].map(({ judged }) =>
      judged.flatMap(({ verdict }) => findings(verdict).map(({ fact }) => fact)),
    )
    expect(reasons).toEqual([
      [],
      [],
      [
        `status.active names Job ${planned}, which has been gone for 11 min 10 s; Forbid starts no run as long as it stands there`,
      ],
    ])
  })
})
