import { describe, expect, it } from 'vitest'
import { type Entries, siftByEntries } from './entries.ts'
import { candidate, scanned } from './fixtures/candidates.ts'

const now = Date.parse('2026-12-01T12:00:00Z')
type Entry = Entries['entries'][number]
const entry = (more: Partial<Entry> = {}): Entry => ({
  where: 'roadcrew.yaml:2',
  hazards: ['dark-lamp'],
  reason: 'a store room',
  ...more,
})
const sift = (
  entries: readonly Entry[],
  candidates = [candidate()],
  more: { past?: boolean; scan?: Parameters<typeof scanned>[0] } = {},
) =>
  siftByEntries({ entries, pathOf: (file) => (file === '-' ? undefined : file) }, candidates, {
    now,
    past: more.past ?? true,
    scanned: scanned(more.scan),
  })
const texts = (sifted: ReturnType<typeof sift>): string[] => sifted.notices.map(({ text }) => text)

describe('an entry of roadcrew.yaml', () => {
  it('sets aside what it names, with its reason and its end', () => {
    const { asides, notices } = sift(
      [entry({ objects: ['ns/a'], until: '2027-06-30' })],
      [candidate(), candidate({ name: 'b' }), candidate({ hazard: 'hot-lamp', reason: 'hot' })],
    )
    const by = { by: 'settings', where: 'roadcrew.yaml:2', reason: 'a store room', until: '2027-06-30' }
    expect(asides).toEqual([by, undefined, undefined])
    expect(notices).toEqual([])
  })

  it('gives way to one before it, and both are of use', () => {
    const { asides, notices } = sift([entry(), entry({ where: 'roadcrew.yaml:5', hazards: ['dark-lamp/dark'] })])
    expect(asides[0]?.where).toBe('roadcrew.yaml:2')
    expect(notices).toEqual([])
  })

  it.each([
    ['2026-11-30', false, 'ended after 2026-11-30: a finding of it counts again'],
    ['2026-12-01', true, 'ends after 2026-12-01: a finding of it will count again then'],
    ['2026-12-14', true, 'ends after 2026-12-14: a finding of it will count again then'],
    ['2026-12-15', true, undefined],
  ])('until %s holds on 2026-12-01: %s', (until, holds, text) => {
    const sifted = sift([entry({ until })])
    expect(sifted.asides[0] !== undefined).toBe(holds)
    expect(texts(sifted)).toEqual(text === undefined ? [] : [text])
  })

  it('holds to the last millisecond of its last day, UTC', () => {
    const at = (time: string) =>
      siftByEntries({ entries: [entry({ until: '2026-12-01' })], pathOf: (file) => file }, [candidate()], {
        now: Date.parse(time),
        past: true,
        scanned: scanned(),
      }).asides[0]?.by
    expect([at('2026-12-01T23:59:59.999Z'), at('2026-12-02T00:00:00Z')]).toEqual(['settings', undefined])
  })

  const unused = 'nothing that it ignores was found: take it out'
  it.each<[string, Partial<Entry>, Parameters<typeof sift>[2], string[]]>([
    ['nothing matched', { hazards: ['hot-lamp'] }, {}, [unused]],
    ['it has ended too', { hazards: ['hot-lamp'], until: '2026-01-01' }, {}, [unused]],
    ['a reason that was asked about', { hazards: ['hot-lamp/hot'] }, {}, [unused]],
    ['only a part was asked', { hazards: ['hot-lamp'] }, { past: false }, []],
    ['the hazard was not asked about', { hazards: ['hot-lamp'] }, { scan: { hazards: ['dark-lamp'] } }, []],
    ['another cluster', { hazards: ['hot-lamp'], clusters: ['eu-*'] }, {}, []],
    ['this cluster', { hazards: ['hot-lamp'], clusters: ['hal*'] }, {}, [unused]],
    ['other files', { hazards: ['all'], paths: ['b'] }, { scan: { files: ['a/x.yaml', '-'] } }, []],
    ['these files', { hazards: ['hot-lamp'], paths: ['a'] }, { scan: { files: ['a/x.yaml'] } }, [unused]],
  ])('is told to be of no use, or not: %s', (_, more, how, expected) =>
    expect(texts(sift([entry(more)], [candidate()], how))).toEqual(expected),
  )

  it('of clusters is for no loose files, of paths for no cluster', () => {
    const loose = candidate({ world: 'hall' }, { file: 'a/x.yaml' })
    expect(sift([entry({ clusters: ['hall'] })], [loose]).asides).toEqual([undefined])
    expect(sift([entry({ paths: ['**'] })], [loose, candidate()]).asides.map((one) => one?.by)).toEqual([
      'settings',
      undefined,
    ])
  })
})
