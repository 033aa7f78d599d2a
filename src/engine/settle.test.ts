import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Change, Hazard, Zones } from '../contract/hazard.ts'
import { detector, hazard, kind, list } from '../contract/reads.ts'
import { clear, found, seen } from '../contract/verdicts.ts'
import { applyChanges, recordedChanges, sameValue, valueAt } from './edit.ts'
import { recordedWorld } from './fixtures/recorded-world.ts'
import { settle } from './settle.ts'

interface Lamp {
  readonly metadata: { readonly name: string }
  readonly spec?: { readonly volts?: number; readonly watts?: number }
}
const lamps = kind<Lamp>('Lamp')
const zones: Zones = { data: 'none', find: () => undefined }

/** Wants a field to be what `wanted` makes of the lamp. */
const wants = (id: string, field: 'volts' | 'watts', wanted: (lamp: Lamp) => number | undefined): Hazard =>
  hazard({
    id,
    title: id,
    severity: 'low',
    settings: z.object({}),
    reasons: { off: { title: 'Off', why: 'It is off.', fix: 'Set it.' } },
    manifest: [
      detector({
        of: list(lamps),
        with: {},
        judge({ subject, object }) {
          const after = wanted(object)
          const before = object.spec?.[field]
          if (after === undefined || after === before) return clear
          return found({
            reason: 'off',
            state: 'exposed',
            fact: `${field} is off`,
            evidence: [seen(field, before ?? null, subject, 'spec', field)],
            remedy: [
              { do: 'advise', why: 'think first' },
              {
                do: 'edit',
                why: `${field} must be ${after}`,
                target: subject,
                changes: [{ path: ['spec', field], before, after }],
              },
            ],
          })
        },
      }),
    ],
  })

const settled = (hazards: readonly Hazard[]) =>
  settle({
    hazards,
    vantages: ['manifest'],
    world: recordedWorld([
      [lamps, [{ metadata: { name: 'a' } }, { metadata: { name: 'b' }, spec: { volts: 12 } }] as never],
    ]),
    now: 0,
    ticks: 0,
    zones,
  })

describe('settle', () => {
  it('composes edits by looking again: the second hazard sees what the first one did', async () => {
    const volts = wants('volts', 'volts', () => 12)
    const watts = wants('watts', 'watts', ({ spec }) => (spec?.volts === undefined ? undefined : spec.volts * 5))
    const { edits, objects, left, rounds } = await settled([volts, watts])
    expect(left).toEqual([])
    expect(rounds).toBe(2)
    expect(edits.map(({ target, why }) => [target.name, why])).toEqual([
      ['a', 'volts must be 12'],
      ['b', 'watts must be 60'],
      ['a', 'watts must be 60'],
    ])
    expect([...objects.values()]).toContainEqual({ metadata: { name: 'a' }, spec: { volts: 12, watts: 60 } })
  })

  it('refuses edits that undo each other for ever', async () => {
    const fight = [
      wants('one', 'volts', () => 1),
      wants('two', 'volts', ({ spec }) => (spec?.volts === 1 ? 2 : undefined)),
    ]
    await expect(settled(fight)).rejects.toThrow('did not come to rest in 20 rounds; the last one was of Lamp')
  })
})

describe('edits', () => {
  const lamp = { spec: { volts: 12, tags: ['x', 'y'] } }

  it('apply to a copy, also where parents are absent', () => {
    const changes: Change[] = [{ path: ['spec', 'mount', 'wall'], before: undefined, after: 'north' }]
    expect(applyChanges(lamp, changes)).toEqual({ object: { spec: { ...lamp.spec, mount: { wall: 'north' } } } })
    expect(lamp).toEqual({ spec: { volts: 12, tags: ['x', 'y'] } })
  })

  it('take out fields and list items', () => {
    const changes: Change[] = [
      { path: ['spec', 'volts'], before: 12, after: undefined },
      { path: ['spec', 'tags', 0], before: 'x', after: undefined },
    ]
    expect(applyChanges(lamp, changes)).toEqual({ object: { spec: { tags: ['y'] } } })
  })

  it('are held where a field is no longer as it was', () => {
    const changes: Change[] = [{ path: ['spec', 'volts'], before: 24, after: 12 }]
    expect(applyChanges(lamp, changes)).toEqual({ held: 'spec.volts is 12, expected 24' })
  })

  it('are recorded at the topmost absent parent, so that undoing leaves nothing behind', () => {
    const changes: Change[] = [{ path: ['spec', 'mount', 'hooks', 0, 'name'], before: undefined, after: 'a' }]
    const recorded = recordedChanges(lamp, changes)
    expect(recorded).toEqual([{ path: ['spec', 'mount'], before: undefined, after: { hooks: [{ name: 'a' }] } }])
    const applied = applyChanges(lamp, recorded)
    const undo = recorded.map(({ path, before, after }) => ({ path, before: after, after: before })).toReversed()
    expect('object' in applied && applyChanges(applied.object, undo)).toEqual({ object: lamp })
  })

  it('compare as Kubernetes does: null is unset', () => {
    expect(sameValue(null, undefined)).toBe(true)
    expect(sameValue({ a: 1, b: null }, { a: 1 })).toBe(true)
    expect(sameValue([1], { 0: 1 })).toBe(false)
    expect(valueAt(lamp, ['spec', 'tags', 1])).toBe('y')
    expect(valueAt(lamp, ['spec', 'volts', 'x'])).toBeUndefined()
  })
})
