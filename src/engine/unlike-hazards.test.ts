// The contract has to carry hazards that have nothing in common: one judged from API objects and time, one from a node
// seen over rounds, one from a probe. These are thin skeletons that try the contract; none of them is in the catalogue.
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Hands, Hazard, Step, Subject, Zones } from '../contract/hazard.ts'
import { detector, hazard, index, kind, list, maybe, one, probe } from '../contract/reads.ts'
import { clear, found, read, seen, unknown } from '../contract/verdicts.ts'
import { act } from './act.ts'
import { recordedWorld } from './fixtures/recorded-world.ts'
import { type LookOptions, look } from './look.ts'
import { withProbes } from './probe.ts'

const zones: Zones = { data: 'none', find: () => undefined }
const base = (hazards: readonly Hazard[], world: LookOptions['world']): LookOptions => ({
  hazards,
  vantages: ['cluster', 'node'],
  world,
  now: Date.parse('2026-11-23T08:00:00Z'),
  ticks: 0,
  zones,
})
const reason = { title: 'It happens', why: 'Because.', fix: 'Cure it.' }

describe('a CronJob from the API', () => {
  interface CronJob {
    readonly metadata: { readonly name: string; readonly namespace: string }
    readonly status?: { readonly lastScheduleTime?: string }
  }
  interface Event {
    readonly reason: string
    readonly about: string
    readonly metadata: { readonly name: string }
  }
  const cronJobs = kind<CronJob>('CronJob', { group: 'batch', versions: ['v1'], namespaced: true })
  const events = kind<Event>('Event', { group: '', versions: ['v1'], namespaced: true })
  const skeleton = hazard({
    id: 'late-cronjob',
    title: 'It is late',
    severity: 'high',
    settings: z.object({ patienceHours: z.number().default(1) }),
    reasons: { late: reason },
    cluster: [
      detector({
        of: list(cronJobs),
        with: {
          events: maybe(
            index(
              events,
              ({ about }) => about,
              ({ reason: why }) => ({ why }),
            ),
          ),
        },
        judge({ subject, object }, view, { now, settings }: { now: number; settings: { patienceHours: number } }) {
          const last = Date.parse(object.status?.lastScheduleTime ?? '')
          if (Number.isNaN(last)) return unknown('it never ran')
          if (now - last < settings.patienceHours * 3_600_000) return clear
          const event = 'unread' in view.events ? undefined : view.events.get(subject.name)?.[0]
          const edit: Step = {
            do: 'edit',
            why: 'count anew',
            target: subject,
            changes: [
              {
                path: ['status', 'lastScheduleTime'],
                before: object.status?.lastScheduleTime,
                after: new Date(now).toISOString(),
              },
            ],
          }
          return found({
            reason: 'late',
            state: 'occurring',
            fact: `${(now - last) / 3_600_000} h late`,
            evidence: [
              seen('last run', last, subject, 'status', 'lastScheduleTime'),
              ...(event ? [seen('event', event.object.why, event.subject, 'reason')] : []),
            ],
            remedy: [edit],
          })
        },
      }),
    ],
  })
  const cronJob = (lastScheduleTime: string): CronJob => ({
    metadata: { name: 'report', namespace: 'jobs' },
    status: { lastScheduleTime },
  })
  const event: Event = { metadata: { name: 'e' }, about: 'report', reason: 'FailedNeedsStart' }

  it('is found with the evidence of its event, and the fresh step goes to the arm', async () => {
    const world = recordedWorld([
      [cronJobs, [cronJob('2026-11-23T05:00:00Z')]],
      [events, [event]],
    ])
    const { judged } = await look(base([skeleton], world))
    const verdict = judged[0]?.verdict
    expect(verdict?.verdict === 'found' && verdict.findings[0].evidence.map(({ value }) => value)).toEqual([
      Date.parse('2026-11-23T05:00:00Z'),
      'FailedNeedsStart',
    ])
    const applied: Step[] = []
    const apply = (step: Step) => {
      applied.push(step)
      return Promise.resolve('done' as const)
    }
    const arm = { does: 'edit' as const, apply }
    const acted = await act(base([skeleton], world), ({ remedy }) => remedy[0], [arm])
    expect(acted.map(({ outcome }) => outcome)).toEqual(['done'])
    expect(applied).toHaveLength(1)
    expect(await act(base([skeleton], world), ({ remedy }) => remedy[0], [])).toMatchObject([
      { outcome: { held: expect.stringContaining('nothing here can edit') } },
    ])
  })
})

describe('a stuck container from a recorded node, with memory over rounds', () => {
  interface Container {
    readonly name: string
    readonly inspect: 'answered' | 'timed out' | 'not asked'
    readonly processes: 'some' | 'none' | 'only zombies'
    readonly shim: { readonly pid: number; readonly startTicks: number }
    readonly podmates: readonly string[]
  }
  interface Runtime {
    readonly answers: boolean
    readonly name: string
  }
  const containers = kind<Container>('Container')
  const runtime = kind<Runtime>('Runtime')
  interface Remembered {
    readonly failures: number
    readonly since: number
  }
  const skeleton = hazard({
    id: 'mute-container',
    title: 'It cannot be inspected',
    severity: 'critical',
    settings: z.object({ failures: z.number().default(3) }),
    reasons: { 'no-processes': reason, 'only-zombies': reason },
    node: [
      detector({
        of: list(containers),
        with: { runtime: one(runtime) },
        judge(
          { subject, object },
          view,
          context: { before?: Remembered; ticks: number; settings: { failures: number } },
        ) {
          if (!view.runtime.answers) return unknown('the runtime as a whole does not answer')
          if (object.inspect === 'not asked') return unknown('an inspection is still out')
          if (object.inspect === 'answered') return { ...clear, remember: { failures: 0, since: context.ticks } }
          const remember = {
            failures: (context.before?.failures ?? 0) + 1,
            since: context.before?.since ?? context.ticks,
          }
          // A mute shim is the symptom; only a second, independent fact condemns.
          if (remember.failures < context.settings.failures || object.processes === 'some')
            return { ...clear, remember }
          const alsoEnds: Subject[] = object.podmates.map((name) => ({ ...subject, name }))
          return {
            ...found({
              reason: object.processes === 'none' ? 'no-processes' : 'only-zombies',
              state: 'occurring',
              fact: `${remember.failures} inspections failed in ${context.ticks - remember.since} ms`,
              evidence: [read('processes', object.processes, '/proc')],
              remedy: [
                {
                  do: 'end-shim',
                  why: 'nothing smaller is left',
                  target: subject,
                  shim: { ...object.shim, command: 'containerd-shim' },
                  alsoEnds,
                },
              ],
            }),
            remember,
          }
        },
      }),
    ],
  })
  const container = (inspect: Container['inspect'], processes: Container['processes']): Container => ({
    name: 'c1',
    inspect,
    processes,
    shim: { pid: 4242, startTicks: 99 },
    podmates: ['c2'],
  })
  const frames = async (rounds: readonly Container[], answers = true): Promise<(string | undefined)[]> => {
    let memory: LookOptions['memory'] = new Map()
    const verdicts: (string | undefined)[] = []
    for (const [place, round] of rounds.entries()) {
      const world = recordedWorld(
        [
          [containers, [round]],
          [runtime, [{ name: 'containerd', answers } as never]],
        ],
        { source: { node: 'n1' } },
      )
      const seenWorld = await look({ ...base([skeleton], world), ticks: place * 10_000, memory })
      verdicts.push(seenWorld.judged[0]?.verdict.verdict)
      memory = seenWorld.memory
    }
    return verdicts
  }
  const mute = container('timed out', 'none')

  it('is found at the third failure in a row, with an independent fact', async () => {
    expect(await frames([mute, mute, mute])).toEqual(['clear', 'clear', 'found'])
    expect(await frames([mute, mute, container('answered', 'none'), mute, mute])).toEqual([
      'clear',
      'clear',
      'clear',
      'clear',
      'clear',
    ])
    expect(await frames([mute, mute, mute].map((one) => ({ ...one, processes: 'some' as const })))).toEqual([
      'clear',
      'clear',
      'clear',
    ])
  })

  it('is not counted while an inspection is out, and nothing is said while the runtime is mute', async () => {
    expect(await frames([mute, mute, container('not asked', 'none'), mute])).toEqual([
      'clear',
      'clear',
      'unknown',
      'found',
    ])
    expect(await frames([mute, mute, mute], false)).toEqual(['unknown', 'unknown', 'unknown'])
  })
})

describe('a probe', () => {
  interface Reached {
    readonly tookMs: number | null
  }
  const reached = kind<Reached>('Reached')
  const skeleton = hazard({
    id: 'slow-connect',
    title: 'Connections take a second',
    severity: 'medium',
    settings: z.object({ target: z.string().default('192.0.2.1:80') }),
    reasons: { slow: reason },
    probe: probe({
      gives: reached,
      async run(hands, { settings }: { settings: { target: string } }) {
        const tookMs = await hands.connect(settings.target, 'host', 5_000)
        return [{ name: settings.target, object: { tookMs: tookMs ?? null } }]
      },
    }),
    node: [
      detector({
        of: list(reached),
        with: {},
        judge: ({ subject, object }) =>
          object.tookMs === null || object.tookMs >= 1000
            ? found({
                reason: 'slow',
                state: 'occurring',
                fact: 'a connect lost its SYN',
                evidence: [seen('took', object.tookMs, subject, 'tookMs')],
                remedy: [],
              })
            : clear,
      }),
    ],
  })
  const fakeHands = (connect: Hands['connect']): Hands => ({
    connect,
    create: () => Promise.reject(new Error('nothing to create')),
    until: () => Promise.resolve(undefined),
  })
  const looked = async (connect: Hands['connect']) => {
    const world = await withProbes(
      recordedWorld([]),
      [skeleton],
      fakeHands(connect),
      { now: 0, ticks: 0, zones },
      { node: 'n1' },
    )
    return (await look(base([skeleton], world))).judged.map(({ verdict }) => verdict.verdict)
  }

  it('gives one more kind that detectors read', async () => {
    expect(await looked(async () => 12)).toEqual(['clear'])
    expect(await looked(async () => 1013)).toEqual(['found'])
    expect(await looked(async () => undefined)).toEqual(['found'])
  })

  it('that fails is unread, so unknown', async () => {
    expect(await looked(() => Promise.reject(new Error('no route')))).toEqual(['unknown'])
  })
})
