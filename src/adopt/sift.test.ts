import { describe, expect, it } from 'vitest'
import type { Subject } from '../contract/hazard.ts'
import { rowsOf } from './baseline.ts'
import { candidate, lamps, scanned } from './fixtures/candidates.ts'
import { type Adopted, siftBy } from './sift.ts'

const pathOf = (file: string): string => file
const entries = {
  entries: [{ where: 'roadcrew.yaml:2', hazards: ['dark-lamp'], objects: ['ns/b'], reason: 'a cellar' }],
  pathOf,
}
const ignore = { names: ['all'], reason: 'a store room' }
const of = (more: Partial<Adopted> = {}) => siftBy({ known: lamps, now: 0, marks: true, narrowed: false, ...more })
const baselineOf = (...names: string[]) => ({
  rows: rowsOf(
    names.map((name) => candidate({ name })),
    pathOf,
  ),
  file: 'baseline.json',
  pathOf,
})

describe('what counts', () => {
  it('is what neither an annotation, nor roadcrew.yaml, nor the baseline knows, and they are asked in this order', () => {
    const found = [
      candidate({ name: 'a' }, { ignore }),
      candidate({ name: 'b' }, { ignore }),
      candidate({ name: 'b' }),
      candidate({ name: 'c' }),
      candidate({ name: 'd' }),
    ]
    const sifted = of({ entries, baseline: baselineOf('a', 'b', 'b', 'c') })(found, scanned())
    expect(sifted.asides.map((aside) => aside?.by)).toEqual([
      'annotation',
      'annotation',
      'settings',
      'baseline',
      undefined,
    ])
    expect(sifted.notices).toEqual([])
  })

  it('is all where annotations are not allowed, and nobody complains about them then', () => {
    const subject: Subject = { source: { cluster: 'hall' }, kind: 'Lamp', name: 'a' }
    const scan = scanned({ marked: [{ subject, ignore: { names: ['no-such'] } }] })
    const found = [candidate({}, { ignore })]
    expect(of({ marks: false })(found, scan)).toEqual({ asides: [undefined], notices: [] })
    expect(of()(found, scan).notices).toHaveLength(2)
  })

  const gone = (count: number | string, verb: string) => ({
    where: 'baseline.json',
    text: `${count} of its findings ${verb} gone: write it anew, so that they count if they come back`,
  })
  it.each([
    ['all was looked at', {}, {}, [gone(2, 'are')]],
    ['only a part was asked', { narrowed: true }, {}, []],
    ['not all could be read', {}, { complete: false }, []],
    ['another cluster', {}, { worlds: ['cellar'] }, []],
    ['another hazard', {}, { hazards: ['hot-lamp'] }, []],
    ['one was mended', { baseline: baselineOf('a', 'b') }, {}, [gone('one', 'is')]],
  ])('what is gone from the baseline is told, or not: %s', (_, more, scan, notices) => {
    const baseline = baselineOf('a', 'b', 'c')
    expect(of({ baseline, ...more })([candidate({ name: 'a' })], scanned(scan)).notices).toEqual(notices)
  })
})
