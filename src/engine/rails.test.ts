import { describe, expect, it } from 'vitest'
import type { Step } from '../contract/hazard.ts'
import type { Budget } from './budgets.ts'
import { defaultPolicy, inWindow, modeOf, nextWindow, type Policy, saysAtLeast } from './policy.ts'
import { heldBy, rails } from './rails.ts'
import type { NodeFacts, PodFacts, Situation } from './situation.ts'
import { subjectKey } from './subjects.ts'

const target = { source: { node: 'node-1' }, kind: 'Container', name: 'app' }
const step: Step = { do: 'end-shim', why: 'w', target, shim: { pid: 1, startTicks: 1, command: '' }, alsoEnds: [] }
const now = Date.parse('2026-11-23T08:00:00Z') // a Monday
const minute = 60_000

const pod: PodFacts = {
  namespace: 'ads',
  name: 'bidder-7',
  annotations: {},
  pastGraceMs: 60_000,
  owner: 'ReplicaSet bidder',
  static: false,
}
const node: NodeFacts = {
  name: 'node-1',
  runtimeUpMs: 3_600_000,
  runtimeAnswers: true,
  agentUpMs: 3_600_000,
  timersLateMs: 3,
  kubeletHealthy: true,
  containers: 40,
  condemned: 1,
  pauseFile: false,
}

/** All is well, but for what is said. */
function situation(
  more: { pod?: Partial<PodFacts>; node?: Partial<NodeFacts>; policy?: Partial<Policy> } & Partial<
    Omit<Situation, 'pod' | 'node' | 'policy'>
  > = {},
): Situation {
  const { pod: podMore, node: nodeMore, policy: policyMore, ...rest } = more
  const at = <T>(value: T) => ({ value, ticks: 1_000_000 })
  return {
    now,
    ticks: 1_000_000,
    policy: at({ ...defaultPolicy, ...policyMore }),
    done: at([]),
    pod: at({ ...pod, ...podMore }),
    node: { ...node, ...nodeMore },
    ...rest,
  }
}

const act = (more: object = {}) => ({
  at: now - 10 * minute,
  node: 'node-1',
  subject: 'other',
  step: 'end-shim',
  ...more,
})
const done = (...acts: ReturnType<typeof act>[]) => ({ value: acts, ticks: 1_000_000 })
const alive = { pastGraceMs: undefined }

const alone: readonly (readonly [string, Situation])[] = [
  ['unreadable', situation({ ticks: 1_060_001 })],
  ['clock', situation({ clock: { value: 6_000, ticks: 1_000_000 } })],
  ['clock', situation({ clock: { value: -6_000, ticks: 1_000_000 } })],
  ['clock', situation({ clock: { value: 0, ticks: 939_999 } })],
  ['clock', situation({ clock: undefined })],
  ['paused', situation({ policy: { paused: true } })],
  ['paused', situation({ node: { pauseFile: true } })],
  ['window', situation({ policy: { windows: [{ from: 0, to: 8 * 60 }] } })],
  ['spared', situation({ pod: { annotations: { 'roadcrew.dev/spare': 'true' } } })],
  ['own-pod', situation({ self: 'ads/bidder-7' })],
  ['static-pod', situation({ pod: { static: true } })],
  ['critical-pod', situation({ pod: { priorityClass: 'system-node-critical' } })],
  ['bare-pod', situation({ pod: { ...alive, owner: undefined }, policy: { healthyPods: true } })],
  ['protected-namespace', situation({ pod: { namespace: 'kube-system' } })],
  ['not-terminating', situation({ pod: alive })],
  ['not-terminating', situation({ pod: { pastGraceMs: -5 } })],
  ['disruption-budget', situation({ pod: { ...alive, disruptionsAllowed: 0 }, policy: { healthyPods: true } })],
  ['runtime-young', situation({ node: { runtimeUpMs: 4 * minute } })],
  ['runtime-young', situation({ node: { runtimeUpMs: undefined } })],
  ['agent-young', situation({ node: { agentUpMs: 4 * minute } })],
  ['runtime-mute', situation({ node: { runtimeAnswers: false } })],
  ['kubelet-unhealthy', situation({ node: { kubeletHealthy: false } })],
  ['late-timers', situation({ node: { timersLateMs: 1500 } })],
  ['too-many', situation({ node: { condemned: 5 } })],
  ['too-many', situation({ node: { condemned: 3, containers: 9 } })],
  ['node-rate', situation({ done: done(act(), act(), act()) })],
  ['cluster-rate', situation({ done: done(...Array.from({ length: 20 }, () => act({ node: 'node-2' }))) })],
  ['cool-down', situation({ done: done(act({ subject: subjectKey(target) })) })],
]

describe('rails', () => {
  it('hold nothing back where all is well', () => expect(heldBy(step, situation())).toBeUndefined())

  it.each(alone)('%s alone holds it back, and is named', (name, at) => {
    expect(rails.filter(({ holds }) => holds(step, at) !== undefined).map((rail) => rail.name)).toEqual([name])
    expect(heldBy(step, at)?.rail).toBe(name)
  })

  it('have each a case in which it alone holds back', () => {
    const ofEdits = 'kept-elsewhere'
    expect(new Set([...alone.map(([name]) => name), ofEdits])).toEqual(new Set(rails.map(({ name }) => name)))
  })

  it('kept-elsewhere holds back edits of what something else keeps, but none of a status or a note', () => {
    const object = { namespace: 'shop', name: 'a', annotations: {}, keptBy: 'Helm release shop' }
    const at = situation({ object: { value: object, ticks: 1_000_000 } })
    const edit = (...path: readonly string[]): Step => ({
      ...{ do: 'edit', why: 'because', target },
      changes: [{ path, before: undefined, after: 1 }],
    })
    expect(heldBy(edit('spec', 'a'), at)).toEqual({
      rail: 'kept-elsewhere',
      why: 'Helm release shop keeps it: change it there, or it would be undone',
    })
    expect(heldBy(edit('status', 'a'), at)).toBeUndefined()
    expect(heldBy(edit('metadata', 'annotations', 'roadcrew.dev/a'), at)).toBeUndefined()
  })

  it.each(['policy', 'done', 'pod'] as const)('hold back where the %s was never read', (what) => {
    expect(heldBy(step, { ...situation(), [what]: undefined })?.rail).toBe('unreadable')
  })

  it('that protect what would be ended let a stopped shim go on', () => {
    const go: Step = { do: 'continue-shim', why: 'w', target, shim: { pid: 1, startTicks: 1, command: '' } }
    const bare = situation({ pod: { ...alive, owner: undefined, disruptionsAllowed: 0 } })
    expect([heldBy(go, bare), heldBy(step, bare)?.rail]).toEqual([undefined, 'bare-pod'])
    expect(heldBy(go, situation({ pod: { annotations: { 'roadcrew.dev/spare': '' } } }))?.rail).toBe('spared')
  })

  it('that are about Pods, their runtime and the kubelet do not ask of a rule; all others do', () => {
    const rule: Step = {
      do: 'replace-rule',
      name: 'end-shim', // the cool-down of the cases is of that name
      why: 'w',
      target,
      rule: { backEnd: 'nft', family: 'ip', table: 'nat', chain: 'post', position: 1 },
      before: 'a',
      after: 'b',
    }
    const asked = alone.flatMap(([, at]) => heldBy(rule, at)?.rail ?? [])
    const general = [
      'unreadable',
      'clock',
      'paused',
      'window',
      'agent-young',
      'late-timers',
      'node-rate',
      'cluster-rate',
    ]
    expect(new Set(asked)).toEqual(new Set([...general, 'cool-down']))
    expect(heldBy(rule, { ...situation(), pod: undefined })).toBeUndefined()
  })

  it('let the next step of a ladder follow at once, but not the same again', () => {
    const continued = done(act({ subject: subjectKey(target), step: 'continue-shim' }))
    expect(heldBy(step, situation({ done: continued }))).toBeUndefined()
  })

  it('let a subject rest, also where each step for it has another target', () => {
    const subject = { source: { cluster: 'c' }, kind: 'CronJob', namespace: 'shop', name: 'report' }
    const clean: Step = { do: 'delete', name: 'clean', why: 'w', target: { ...subject, kind: 'Job', name: 'report-2' } }
    const object = { value: { namespace: 'shop', name: 'report-2', annotations: {} }, ticks: 1_000_000 }
    const cleaned = done(act({ subject: subjectKey(subject), step: 'clean' }))
    const at = (more: object) => heldBy(clean, { ...situation({ done: cleaned }), object, ...more })?.rail
    expect([at({ subject }), at({ subject: { ...subject, name: 'other' } }), at({})]).toEqual([
      'cool-down',
      undefined,
      undefined,
    ])
  })

  it('let acts go that are an hour or a cool-down old', () => {
    const old = act({ at: now - 61 * minute, subject: subjectKey(target) })
    expect(heldBy(step, situation({ done: done(old, old, old) }))).toBeUndefined()
  })
})

describe('modes', () => {
  const policy: Policy = { ...defaultPolicy, hazards: { stuck: { mode: 'advise', steps: { 'continue-shim': 'act' } } } }
  it.each([
    ['stuck', 'end-shim', 'act', 'advise'],
    ['stuck', 'continue-shim', 'act', 'act'],
    ['stuck', 'continue-shim', 'observe', 'observe'],
    ['stuck', undefined, 'act', 'advise'],
    ['other', 'end-shim', 'act', 'observe'],
  ] as const)('%s %s under %s: %s', (hazard, name, ceiling, mode) =>
    expect(modeOf(policy, hazard, name, ceiling)).toBe(mode),
  )
})

it('a policy says at least advise or act of a hazard by any of its steps', () => {
  const policy: Policy = { ...defaultPolicy, hazards: { a: { mode: 'advise' }, b: { steps: { light: 'act' } } } }
  const says = (least: 'advise' | 'act') => ['a', 'b', 'c'].filter((id) => saysAtLeast(policy, id, least))
  expect([says('advise'), says('act')]).toEqual([['a', 'b'], ['b']])
})

describe('windows', () => {
  const at = (...windows: readonly { from: number; to: number }[]) => inWindow({ ...defaultPolicy, windows }, now)
  const eight = 8 * 60
  it.each([
    [[], true],
    [[{ from: eight, to: eight + 1 }], true],
    [[{ from: 0, to: eight }], false],
    [[{ from: 6 * 24 * 60, to: eight + 1 }], true],
    [[{ from: 6 * 24 * 60, to: eight }], false],
  ])('%j: %s', (windows, is) => expect(at(...windows)).toBe(is))

  it.each([
    [[], undefined],
    [[{ from: eight + 1, to: eight + 2 }], '2026-11-23T08:01:00.000Z'],
    [[{ from: 0, to: eight }], '2026-11-30T00:00:00.000Z'],
    [[{ from: eight, to: eight + 2 }], '2026-11-30T08:00:00.000Z'],
    [
      [
        { from: 0, to: 1 },
        { from: 24 * 60, to: 24 * 60 + 1 },
      ],
      '2026-11-24T00:00:00.000Z',
    ],
  ])('after now the next of %j begins at %s', (windows, begins) => {
    const next = nextWindow({ ...defaultPolicy, windows }, now + 30_000)
    expect(next === undefined ? undefined : new Date(next).toISOString()).toBe(begins)
  })
})

describe('a step that changes an object of the API', () => {
  const cronJob = { source: { cluster: 'c' }, kind: 'CronJob', namespace: 'shop', name: 'report' }
  const lastRun = { path: ['status', 'lastScheduleTime'], before: 'a', after: 'b' }
  const edit: Step = { do: 'edit', name: 'thaw', why: 'w', target: cronJob, changes: [lastRun] }
  const of = (budget: Budget, ago: number, more: object = {}) => act({ budget, at: now - ago, ...more })
  const facts = { namespace: 'shop', name: 'report', annotations: {} }
  const at = <T>(value: T) => ({ value, ticks: 1_000_000 })
  const seen = (more: Partial<Situation> = {}): Situation => ({
    ...situation(),
    pod: undefined,
    node: undefined,
    object: at(facts),
    ...more,
  })

  it('needs neither a Pod nor a node', () => expect(heldBy(edit, seen())).toBeUndefined())

  it.each<[string, Situation]>([
    ['unreadable', seen({ object: undefined })],
    ['unreadable', seen({ done: undefined })],
    ['paused', seen({ policy: at({ ...defaultPolicy, paused: true }) })],
    ['spared', seen({ object: at({ ...facts, annotations: { 'roadcrew.dev/spare': 'true' } }) })],
    ['protected-namespace', seen({ object: at({ ...facts, namespace: 'kube-system' }) })],
    ['cluster-rate', seen({ done: done(...Array.from({ length: 60 }, () => of('status', 59_000))) })],
    ['clock', seen({ clock: at(6_000) })],
    ['cool-down', seen({ done: done(act({ subject: subjectKey(cronJob), step: 'thaw' })) })],
  ])('is held back by %s', (rail, one) => expect(heldBy(edit, one)?.rail).toBe(rail))

  it('is not held back by what was done on a node', () =>
    expect(heldBy(edit, seen({ done: done(act(), act(), act()), node }))).toBeUndefined())

  it('is counted by itself: statuses and runs by the minute, a spec as an act', () => {
    const spec: Step = { ...edit, name: 'deadline', changes: [{ path: ['spec', 'x'], before: 1, after: 2 }] }
    const run: Step = {
      ...{ do: 'create', name: 'catch-up', why: 'w', target: cronJob, object: {}, given: [], changes: [] },
      ...{ note: { key: 'k', value: 'v' }, refer: ['status', 'active'] },
    }
    const rails = (...some: readonly ReturnType<typeof act>[]) =>
      [spec, edit, run].map((one) => heldBy(one, seen({ done: done(...some) }))?.rail)
    expect(rails(...Array.from({ length: 20 }, () => act()))).toEqual(['cluster-rate', undefined, undefined])
    expect(rails(...Array.from({ length: 60 }, () => of('status', 59_000)))).toEqual([
      undefined,
      'cluster-rate',
      undefined,
    ])
    expect(rails(...Array.from({ length: 10 }, () => of('run', 59_000)))).toEqual([
      undefined,
      undefined,
      'cluster-rate',
    ])
    expect(rails(...Array.from({ length: 60 }, () => of('run', 61_000)))).toEqual([undefined, undefined, undefined])
  })

  it('is not tried again for a while, and what is noted for seconds only', () => {
    const own = { subject: subjectKey(cronJob), step: 'catch-up' }
    const run: Step = {
      ...{ do: 'create', name: 'catch-up', why: 'w', target: cronJob, object: {}, given: [], changes: [] },
      ...{ note: { key: 'k', value: 'v' }, refer: ['status', 'active'] },
    }
    expect(heldBy(run, seen({ done: done(of('run', 19_000, own)) }))?.rail).toBe('cool-down')
    expect(heldBy(run, seen({ done: done(of('run', 21_000, own)) }))).toBeUndefined()
  })

  it('is the only one that can do without', () => {
    expect(heldBy(step, { ...seen(), object: at(facts) })?.rail).toBe('unreadable')
    expect(heldBy(step, { ...situation(), node: undefined })?.rail).toBe('runtime-young')
  })
})
