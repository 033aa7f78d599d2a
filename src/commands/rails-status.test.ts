import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Entry } from '../acting/budget.ts'
import { policyFrom } from '../acting/policy-source.ts'
import type { Hazard } from '../contract/hazard.ts'
import { type StatusInput, statusData, statusSchema } from './rails-status.ts'
import { statusText } from './rails-status-view.ts'

const now = Date.parse('2026-11-23T08:00:00Z') // a Monday
const settings = z.object({})
const node = {} as NonNullable<Hazard['node']>
const hazards = [
  { id: 'lamp', node, settings, steps: { screw: 'screws it in', swap: 'swaps it' } },
  { id: 'wire', node, settings },
  { id: 'paper', settings, steps: { file: 'files it' } },
]
const policyOf = (text: string) => policyFrom(text, 'p', hazards)

function status(text = '', more: Partial<StatusInput> = {}) {
  const read = { policy: policyOf(text), from: 'ConfigMap roadcrew/roadcrew-policy' }
  const data = statusData({ context: 'eu', namespace: 'roadcrew', read, budget: [], hazards, now, ...more })
  expect(statusSchema.safeParse(JSON.parse(JSON.stringify(data))).error).toBeUndefined()
  return data
}
const textOf = (data: ReturnType<typeof status>, columns = 120, color = false) => statusText(data, { columns, color })

const act = (minutes: number, on: string, more: Partial<Entry> = {}): Entry => ({
  at: now - minutes * 60_000,
  node: on,
  subject: 's',
  step: 'swap',
  text: 'swap Lamp hall/7',
  ...more,
})

describe('the status', () => {
  it('shows only hazards that an agent has steps for, observed where nothing is said', () => {
    expect(
      status('hazards: {lamp: {mode: advise, steps: {swap: act}, nodes: floor=1, namespaces: [hall]}}').hazards,
    ).toEqual([
      { id: 'lamp', mode: 'advise', steps: { screw: 'advise', swap: 'act' }, nodes: 'floor=1', namespaces: ['hall'] },
    ])
    expect(textOf(status('hazards: {lamp: {nodes: floor=1, namespaces: [hall, cellar]}}'))).toMatch(
      / {2}lamp {2}screw {2}observe\n {8}swap {3}observe\n {4}only on nodes floor=1 and in namespaces hall, cellar\n/,
    )
    expect(status().hazards).toEqual([{ id: 'lamp', mode: 'observe', steps: { screw: 'observe', swap: 'observe' } }])
  })

  it('tells a pause by a note, which may be any, from one of the policy itself', () => {
    const read = { policy: { ...policyOf(''), paused: true }, from: 'f', paused: 'ann since then: storm' }
    expect(textOf(status('', { read }))).toContain('eu: paused by ann since then: storm\n')
    expect(textOf(status('', { read: { ...read, paused: '' } }))).toContain('eu: paused by a note without words\n')
    expect(textOf(status('paused: true'))).toContain('eu: paused by the policy itself\n')
    expect(status().paused).toBeUndefined()
  })

  it('says what is wrong line by line, and the pause all the same', () => {
    const read = {
      wrong: 'ConfigMap a/b, policy.yaml: hazards.x: there is none; expected y; paused: no boolean',
      paused: 'ann',
    }
    const data = status('', { read })
    expect([data.from, data.wrong]).toEqual([
      'ConfigMap a/b, policy.yaml',
      ['hazards.x: there is none; expected y', 'paused: no boolean'],
    ])
    const text = textOf(data)
    expect(text).toMatch(/^eu: the policy is wrong: nothing is done; paused by ann\n/)
    expect(text).toContain('WRONG\n  hazards.x: there is none; expected y\n  paused: no boolean\n')
    expect(text).not.toContain('LIMITS')
  })

  it.each([
    ['[{days: Mon-Fri, from: "09:00", to: "17:30"}]', [['Mon-Fri', '09:00', '17:30']], false, '2026-11-23T09:00:00Z'],
    [
      '[{days: "Mon,Tue,Sun", from: "07:00", to: "24:00"}]',
      [['Mon,Tue,Sun', '07:00', '24:00']],
      true,
      '2026-11-24T07:00:00Z',
    ],
    ['[{days: Sun, from: "22:00", to: "09:00"}]', [['Sun', '22:00', '09:00']], true, '2026-11-29T22:00:00Z'],
  ])('shows windows %s as they were written', (windows, each, open, next) => {
    const { windows: seen } = status(`windows: ${windows}`)
    expect(seen?.each.map(({ days, from, to }) => [days, from, to])).toEqual(each)
    expect([seen?.open, seen?.next]).toEqual([open, next])
  })

  it('counts the acts of the last hour, in all and by node', () => {
    const budget = [act(1, 'n2'), act(10, 'n1', { outcome: 'done' }), act(30, 'n1'), act(60, 'n1')]
    const data = status('', { budget })
    expect(data.used).toEqual({ cluster: 3, nodes: { n1: 2, n2: 1 } })
    expect(data.acts[0]).toEqual({ at: '2026-11-23T07:59:00Z', node: 'n2', step: 'swap', text: 'swap Lamp hall/7' })
    const text = textOf(data)
    expect(text).toMatch(/in the cluster +3 of 20 within the last hour\n/)
    expect(text).toMatch(/on one node +at most 3 within an hour; n1 2, n2 1\n/)
    expect(text).toMatch(/2026-11-23T07:50:00Z +n1 +done +swap Lamp hall\/7\n/)
  })

  it.each([80, 200])('fits %i columns, and is coloured only where that is asked for', (columns) => {
    const budget = [act(1, 'a-node-with-a-long-name.eu-west-1.example', { outcome: `failed: ${'because '.repeat(9)}` })]
    const long = status('windows: [{days: Mon-Fri, from: "09:00", to: "17:30"}]\nhealthyPods: true', { budget })
    const text = textOf(long, columns)
    expect(Math.max(...text.split('\n').map(({ length }) => length))).toBeLessThanOrEqual(columns)
    expect(text).not.toContain('\u001b')
    expect(textOf(long, columns, true)).toContain('\u001b')
  })
})
