import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defaultPolicy, inWindow, modeOf } from './policy.ts'
import { policyDocument, policyOf } from './policy-document.ts'
import { settingsBy } from './policy-settings.ts'

const lamps = [
  {
    id: 'dark-lamp',
    steps: { light: 'Light it', replace: 'Replace it' },
    settings: z.object({ watts: z.number().int().positive().default(5) }),
  },
  { id: 'loud-lamp', settings: z.object({}) },
]

const read = (document: unknown) => {
  const result = policyOf(document, lamps)
  if ('wrong' in result) throw new Error(result.wrong.join('\n'))
  return result.policy
}

describe('a policy', () => {
  it('that says nothing observes everything', () => {
    expect(read({})).toEqual(defaultPolicy)
    expect(read(null)).toEqual(defaultPolicy)
    expect(policyDocument.parse({})).toEqual(defaultPolicy)
  })

  it('gives a step its own mode, and the rest that of the hazard', () => {
    const policy = read({ hazards: { 'dark-lamp': { mode: 'act', steps: { replace: 'advise' } } } })
    expect(modeOf(policy, 'dark-lamp', 'light', 'act')).toBe('act')
    expect(modeOf(policy, 'dark-lamp', 'replace', 'act')).toBe('advise')
    expect(modeOf(policy, 'dark-lamp', 'light', 'observe')).toBe('observe')
    expect(modeOf(policy, 'loud-lamp', 'light', 'act')).toBe('observe')
  })

  it('gives a hazard settings, and the defaults of those that it does not name', () => {
    const policy = read({ hazards: { 'dark-lamp': { settings: { watts: 60 } } } })
    expect(settingsBy(policy, lamps as never)).toEqual({ 'dark-lamp': { watts: 60 }, 'loud-lamp': {} })
    expect(settingsBy(defaultPolicy, lamps as never)).toEqual({ 'dark-lamp': { watts: 5 }, 'loud-lamp': {} })
  })

  it('counts on its nodes and in its namespaces only, and observes where that can not be told', () => {
    const policy = read({ hazards: { 'dark-lamp': { mode: 'act', nodes: 'pool=batch', namespaces: ['ads'] } } })
    const mode = (namespace?: string, pool?: string) =>
      modeOf(policy, 'dark-lamp', 'light', 'act', {
        ...(namespace && { namespace }),
        ...(pool && { nodeLabels: { pool } }),
      })
    expect(mode('ads', 'batch')).toBe('act')
    expect(mode('shop', 'batch')).toBe('observe')
    expect(mode('ads', 'web')).toBe('observe')
    expect(mode('ads')).toBe('observe')
    expect(mode(undefined, 'batch')).toBe('observe')
  })

  it.each([
    ['Mon-Fri', '09:00', '17:00', '2026-11-23T09:00:00Z', true],
    ['Mon-Fri', '09:00', '17:00', '2026-11-23T17:00:00Z', false],
    ['Mon-Fri', '09:00', '17:00', '2026-11-22T12:00:00Z', false],
    ['Sat,Sun', '00:00', '24:00', '2026-11-22T23:59:00Z', true],
    ['Sat,Sun', '00:00', '24:00', '2026-11-23T00:00:00Z', false],
    ['Sun', '22:00', '02:00', '2026-11-23T01:59:00Z', true],
    ['Sun', '22:00', '02:00', '2026-11-22T01:00:00Z', false],
    ['Fri-Mon', '10:00', '11:00', '2026-11-23T10:30:00Z', true],
    ['Fri-Mon', '10:00', '11:00', '2026-11-24T10:30:00Z', false],
  ])('with a window %s %s to %s: at %s %s', (days, from, to, at, within) => {
    expect(inWindow(read({ windows: [{ days, from, to }] }), Date.parse(at))).toBe(within)
  })

  it.each([
    [
      { hazards: { 'dark-lamp': { settings: { wats: 60 } } } },
      'hazards.dark-lamp.settings.wats: there is no such setting; expected watts',
    ],
    [
      { hazards: { 'loud-lamp': { settings: { watts: 60 } } } },
      'hazards.loud-lamp.settings.watts: there is no such setting; expected none',
    ],
    [
      { hazards: { 'dark-lmp': {} } },
      'hazards.dark-lmp: there is no such hazard; expected one of dark-lamp, loud-lamp',
    ],
    [
      { hazards: { 'dark-lamp': { steps: { lit: 'act' } } } },
      'hazards.dark-lamp.steps.lit: it has no such step; expected light, replace',
    ],
    [
      { hazards: { 'loud-lamp': { steps: { a: 'act' } } } },
      'hazards.loud-lamp.steps.a: it has no such step; expected none',
    ],
    [
      { windows: [{ days: 'Mo', from: '9:00', to: '10:00' }] },
      'windows.0.days: are no days; expected e.g. Mon-Fri or Sat,Sun',
    ],
    [{ windows: [{ from: '9:00', to: '10:00' }] }, 'windows.0.from: is no time of day; expected e.g. 09:30'],
    [{ hazards: { 'dark-lamp': { nodes: '=x' } } }, 'hazards.dark-lamp.nodes: is no label selector'],
    [{ coolDownSeconds: 7200 }, 'coolDownSeconds: '],
    [{ pausd: true }, 'the policy: Unrecognized key: "pausd"'],
    ['act', 'the policy: '],
  ])('that is wrong is none: %j', (document, text) => {
    const result = policyOf(document, lamps)
    expect('wrong' in result && result.wrong[0]).toContain(text)
  })
})
