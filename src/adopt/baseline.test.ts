import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Candidate } from '../report/sift.ts'
import { tiers } from '../report/tiers.ts'
import { baselineOf, baselineText, rowsOf, siftByBaseline } from './baseline.ts'
import { candidate } from './fixtures/candidates.ts'

const pathOf = (file: string): string | undefined => (file === '-' ? undefined : file)
/** Which candidates are known, and how many rows are gone, after a baseline was written and read again. */
const compared = (before: readonly Candidate[], now: readonly Candidate[]) => {
  const read = baselineOf(JSON.parse(baselineText(rowsOf(before, pathOf))))
  if (!('rows' in read)) throw new Error(read.wrong.because)
  const { known, gone } = siftByBaseline(read.rows, now, pathOf)
  return { known, gone: gone.map(({ name, count }) => `${name} ${count}`) }
}
const inFile = (file: string, like: Parameters<typeof candidate>[0] = {}) => candidate(like, { file })

describe('a baseline', () => {
  it('is one finding on each line, sorted, whatever the order in which they were found', () => {
    const found = [inFile('b.yaml'), inFile('a.yaml'), inFile('a.yaml'), candidate({ name: 'c' }), inFile('-')]
    const text = baselineText(rowsOf(found, pathOf))
    expect(text).toBe(baselineText(rowsOf(found.toReversed(), pathOf)))
    const row = '{"hazard":"dark-lamp","reason":"dark","tier":"will-break"'
    expect(text).toBe(`{
  "schemaVersion": 1,
  "findings": [
    ${row},"kind":"Lamp","namespace":"ns","name":"a","file":"a.yaml","count":2},
    ${row},"kind":"Lamp","namespace":"ns","name":"a","file":"b.yaml"},
    ${row},"kind":"Lamp","namespace":"ns","name":"a"},
    ${row},"world":"hall","kind":"Lamp","namespace":"ns","name":"c"}
  ]
}
`)
    expect(baselineText([])).toBe('{\n  "schemaVersion": 1,\n  "findings": []\n}\n')
  })

  it('knows what was there, and not what is new', () => {
    const before = [candidate()]
    expect(compared(before, before)).toEqual({ known: [true], gone: [] })
    expect(compared(before, [candidate(), candidate({ name: 'b' })]).known).toEqual([true, false])
    expect(compared(before, [candidate({ reason: 'dim' })]).known).toEqual([false])
    expect(compared(before, [candidate({ world: 'cellar' })])).toEqual({ known: [false], gone: ['a 1'] })
  })

  it('does not know what has become worse, but what has become less', () => {
    expect(compared([candidate({ tier: 'advice' })], [candidate({ tier: 'will-break' })])).toEqual({
      known: [false],
      gone: ['a 1'],
    })
    expect(compared([candidate({ tier: 'broken' })], [candidate({ tier: 'advice' })]).known).toEqual([true])
  })

  it('knows what moved to another file, and tells one more of the same name in the new file', () => {
    expect(compared([inFile('old.yaml')], [inFile('new.yaml')])).toEqual({ known: [true], gone: [] })
    const overlays = [inFile('dev.yaml'), inFile('prod.yaml')]
    expect(compared(overlays, [inFile('dev.yaml'), inFile('new.yaml'), inFile('prod.yaml')]).known).toEqual([
      true,
      false,
      true,
    ])
    expect(compared(overlays, [inFile('prod.yaml')])).toEqual({ known: [true], gone: ['a 1'] })
  })

  it('names loose files by no world: ./deploy and deploy are the same', () => {
    expect(compared([inFile('x', { world: 'deploy' })], [inFile('x', { world: './deploy' })]).known).toEqual([true])
  })

  it('stands for any number of objects that are made anew all the time', () => {
    const pod = (name: string) => candidate({ kind: 'Pod', name }, { lastingName: 'web-*' })
    expect(compared([pod('web-1')], [pod('web-2'), pod('web-3')])).toEqual({ known: [true, true], gone: [] })
    expect(compared([pod('web-1'), pod('web-2')], [])).toEqual({ known: [], gone: ['web-* 1'] })
  })

  it.each([
    [{}, 'schemaVersion', 'is not 1'],
    [{ schemaVersion: 2, findings: [] }, 'schemaVersion', 'another version of Roadcrew wrote it'],
    [{ schemaVersion: 1 }, 'findings', 'expected array'],
    [{ schemaVersion: 1, findings: [{ hazard: 'x' }] }, 'findings.0.reason', 'expected string'],
    [[], '', 'expected object'],
    [null, '', 'expected object'],
  ])('%j is none', (document, path, because) => {
    const read = baselineOf(document)
    expect('wrong' in read && [read.wrong.path.join('.'), read.wrong.because]).toEqual([
      path,
      expect.stringContaining(because),
    ])
  })
})

const some = fc
  .record({
    tier: fc.constantFrom(...tiers),
    name: fc.constantFrom('a', 'b'),
    file: fc.constantFrom('x.yaml', 'y.yaml', undefined),
  })
  .map(({ tier, name, file }) => (file === undefined ? candidate({ tier, name }) : inFile(file, { tier, name })))
/** As reports order them. */
const worstFirst = (all: readonly Candidate[]): Candidate[] =>
  all.toSorted((a, b) => tiers.indexOf(a.finding.tier) - tiers.indexOf(b.finding.tier))
const many = fc.array(some, { maxLength: 12 }).map(worstFirst)

describe('whatever is found', () => {
  it('a baseline of it knows all of it, and nothing is gone', () => {
    fc.assert(
      fc.property(many, (found) => {
        const { known, gone } = compared(found, found)
        expect(known.every(Boolean)).toBe(true)
        expect(gone).toEqual([])
      }),
    )
  })

  it('never knows more than there was, and each row is used once or gone', () => {
    fc.assert(
      fc.property(many, many, (before, now) => {
        const { known, gone } = compared(before, now)
        const lost = gone.reduce((sum, text) => sum + Number(text.split(' ')[1]), 0)
        expect(known.filter(Boolean).length + lost).toBe(before.length)
      }),
    )
  })

  it('one more of the same is one that counts', () => {
    fc.assert(
      fc.property(many, some, (before, one) => {
        const { known } = compared(before, worstFirst([...before, one]))
        expect(known.filter((is) => !is)).toHaveLength(1)
      }),
    )
  })
})
