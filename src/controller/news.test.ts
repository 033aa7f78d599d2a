import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Finding, Step, Subject, Verdict } from '../contract/hazard.ts'
import { hazard } from '../contract/reads.ts'
import { clear, found, read, unknown } from '../contract/verdicts.ts'
import type { Judged } from '../engine/look.ts'
import { eventReason, findingEvent } from './event-texts.ts'
import { onlyHarmless } from './harmless.ts'
import { Told } from './news.ts'

const dark = hazard({
  id: 'dark-lamp',
  title: 'Dark',
  severity: 'low',
  settings: z.object({}),
  reasons: { 'no-light': { title: 'Dark', why: 'It is.', fix: 'Light it.' } },
})
const lamp = (name: string): Subject => ({ source: { cluster: 'c' }, kind: 'Lamp', namespace: 'hall', name })
const finding = (more: Partial<Finding> = {}): Finding => ({
  reason: 'no-light',
  state: 'occurring',
  fact: 'dark for 1 s',
  evidence: [read('a', 'b', 'c')],
  remedy: [],
  ...more,
})
const judged = (name: string, verdict: Verdict): Judged => ({
  hazard: dark,
  vantage: 'cluster',
  subject: lamp(name),
  verdict,
  origin: {},
})
const lately = (fact: string) => found(finding({ state: 'exposed', lately: true, fact }))

describe('news', () => {
  const story = (...looks: readonly (readonly Judged[])[]) => {
    const told = new Told()
    return looks.map((look) => told.next(look).map((one) => `${one.is} ${one.subject.name} ${one.finding.fact}`))
  }

  it('are what hurts now, once, and its end', () => {
    const now = judged('a', found(finding()))
    const later = judged('a', found(finding({ fact: 'dark for 9 s' })))
    expect(story([now], [later], [judged('a', clear)])).toEqual([
      ['found a dark for 1 s'],
      [],
      ['ended a dark for 9 s'],
    ])
  })

  it('are what happened, each time that it did', () => {
    const [one, two] = [judged('a', lately('dark at 8')), judged('a', lately('dark at 9'))]
    expect(story([one], [one], [two])).toEqual([['found a dark at 8'], [], ['found a dark at 9']])
  })

  it('are not what could happen', () => {
    expect(story([judged('a', found(finding({ state: 'exposed', certain: true })))])).toEqual([[]])
  })

  it('are no end where it could not be seen, of one or of all', () => {
    const ill = [judged('a', found(finding())), judged('b', found(finding()))]
    expect(story(ill, [judged('a', unknown('mute')), judged('b', clear)], ill).slice(1)).toEqual([
      ['ended b dark for 1 s'],
      ['found b dark for 1 s'],
    ])
    expect(story(ill, [judged('*', unknown('mute'))], ill).slice(1)).toEqual([[], []])
  })

  it('become Events, but for ends and for what is long over when it is first seen', () => {
    const told = new Told()
    const regarding = { kind: 'Lamp', namespace: 'hall', name: 'a', uid: 'u' }
    const events = (...all: readonly Judged[]) => told.next(all).map((one) => findingEvent(one, regarding, 5))
    const [first, second] = events(judged('a', found(finding())), judged('b', lately('dark at 8')))
    expect(first).toEqual({
      regarding,
      type: 'Warning',
      reason: 'RoadcrewNoLight',
      message: 'dark for 1 s. Light it.',
      at: 5,
    })
    expect(second).toBeUndefined()
    expect(events(judged('b', lately('dark at 9'))).map((one) => one?.message)).toEqual([
      'dark at 9. Light it.',
      undefined,
    ])
    expect(eventReason('too-many-missed')).toBe('RoadcrewTooManyMissed')
  })
})

describe('what the controller may do', () => {
  const edit = (path: string, name?: string): Step => ({
    do: 'edit',
    why: 'w',
    target: lamp('a'),
    changes: [{ path: [path, 'x'], before: 1, after: 2 }],
    ...(name !== undefined && { name }),
  })
  const thaw = edit('status', 'thaw')
  const remove: Step = { do: 'delete', name: 'end-job', why: 'w', target: lamp('a') }
  const ill = (name: string, remedy: readonly Step[], more: Partial<Finding> = {}) =>
    judged(name, found(finding({ remedy, ...more })))
  const steps = (all: readonly Judged[]) =>
    all.flatMap(({ verdict, subject }) =>
      verdict.verdict === 'found'
        ? verdict.findings.flatMap(({ remedy }) => remedy.map((step) => `${step.name} ${subject.name}`))
        : [],
    )

  it('is to correct a status, by a step that a policy can name', () => {
    const all = [ill('a', [edit('spec', 'deadline'), edit('status'), remove, thaw]), judged('b', clear)]
    expect(steps(onlyHarmless(all))).toEqual(['thaw a'])
    expect(onlyHarmless(all).map(({ verdict }) => verdict.verdict)).toEqual(['found', 'clear'])
  })

  it('is to delete what has finished, and never what may run', () => {
    const clean: Step = { do: 'delete', name: 'clean', finished: true, why: 'w', target: lamp('a-1') }
    const { name: _, ...nameless } = clean
    expect(steps(onlyHarmless([ill('a', [remove, nameless, clean])]))).toEqual(['clean a'])
  })

  it('is nothing about what could happen', () => {
    expect(steps(onlyHarmless([ill('a', [thaw], { state: 'exposed', certain: true })]))).toEqual([])
  })

  it('comes to everybody in turn', () => {
    const all = ['a', 'b', 'c'].map((name) => ill(name, [thaw]))
    const turns = [0, 1, 2].map((turn) =>
      steps(onlyHarmless([judged('x', clear), ...all], { room: { act: 2, status: 2, run: 2 }, from: turn })),
    )
    expect(turns).toEqual([
      ['thaw a', 'thaw b'],
      ['thaw a', 'thaw c'],
      ['thaw b', 'thaw c'],
    ])
    expect(steps(onlyHarmless(all, { room: { act: 9, status: 0, run: 9 }, from: 4 }))).toEqual([])
  })

  it('is to start a run that is owed, within a room of its own; without leave it is the next step', () => {
    const start: Step = {
      ...{ do: 'create', name: 'catch-up', why: 'w', target: lamp('a'), object: {}, given: [], changes: [] },
      ...{ note: { key: 'k', value: 'v' }, refer: ['status', 'active'] },
    }
    const all = [ill('a', [start, thaw]), ill('b', [start, thaw]), ill('c', [thaw])]
    const room = { act: 1, status: 1, run: 1 }
    expect(steps(onlyHarmless(all, { room }))).toEqual(['catch-up a', 'thaw a', 'thaw c'])
    expect(steps(onlyHarmless(all, { room, isAllowed: (_, { name }) => name === 'thaw' }))).toEqual(['thaw a'])
  })
})
