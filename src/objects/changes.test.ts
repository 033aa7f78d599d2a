import { describe, expect, it } from 'vitest'
import type { Change } from '../contract/hazard.ts'
import { applyChanges, recordedChanges, sameValue, valueAt } from './changes.ts'

describe('changes', () => {
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

  it('are recorded one after the other: the second one finds the parent that the first one made', () => {
    const changes: Change[] = [
      { path: ['spec', 'mount', 'wall'], before: undefined, after: 'north' },
      { path: ['spec', 'mount', 'height'], before: undefined, after: 2 },
    ]
    expect(recordedChanges(lamp, changes)).toEqual([
      { path: ['spec', 'mount'], before: undefined, after: { wall: 'north' } },
      { path: ['spec', 'mount', 'height'], before: undefined, after: 2 },
    ])
  })

  it('compare as Kubernetes does: null is unset', () => {
    expect(sameValue(null, undefined)).toBe(true)
    expect(sameValue({ a: 1, b: null }, { a: 1 })).toBe(true)
    expect(sameValue([1], { 0: 1 })).toBe(false)
    expect(valueAt(lamp, ['spec', 'tags', 1])).toBe('y')
    expect(valueAt(lamp, ['spec', 'volts', 'x'])).toBeUndefined()
  })
})
