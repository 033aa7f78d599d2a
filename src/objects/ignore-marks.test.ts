import { describe, expect, it } from 'vitest'
import { ignoreMarkOf } from './ignore-marks.ts'

const object = (annotations: unknown) => ({ metadata: { annotations } })

describe('ignoreMarkOf', () => {
  it.each([
    [object({ 'roadcrew.dev/ignore': 'a, b/c\n d,' }), { names: ['a', 'b/c', 'd'] }],
    [
      object({ 'roadcrew.dev/ignore': 'all', 'roadcrew.dev/ignore-reason': ' batch only ' }),
      { names: ['all'], reason: 'batch only' },
    ],
    [object({ 'roadcrew.dev/ignore': 'a', 'roadcrew.dev/ignore-reason': ' ' }), { names: ['a'] }],
    [object({ 'roadcrew.dev/ignore': '' }), { names: [] }],
    [object({ 'roadcrew.dev/ignore': true }), undefined],
    [object({ 'roadcrew.dev/ignore-reason': 'why' }), undefined],
    [object(null), undefined],
    [{ metadata: null }, undefined],
    [null, undefined],
  ])('%j', (given, mark) => expect(ignoreMarkOf(given)).toEqual(mark))
})
