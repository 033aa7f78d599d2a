import { describe, expect, it } from 'vitest'
import type { Finding, Subject } from '../contract/hazard.ts'
import { found } from '../contract/verdicts.ts'
import { finding, judged, looked, report, subject } from './fixtures/lamps.ts'
import { findingsOf, linesOf } from './lines.ts'

/** A lamp of a chart, or of none. */
function of(
  name: string,
  chart: string | undefined,
  more: Partial<Finding> = {},
  owner = 'house',
  at: Partial<Subject> = {},
) {
  const a = subject(name, at)
  return { ...judged(a, found(finding(a, more))), origin: { owner, ...(chart && { chart }) } }
}

const many = () =>
  report([
    looked([
      of('a', 'lamps 1', { severity: 'low' }),
      of('b', 'lamps 1', { severity: 'low' }, 'garden'),
      of('c', 'lamps 2'),
      of('d', 'lamps 1', { state: 'exposed' }),
      of('e', 'lamps 1', { reason: 'dim', severity: 'low' }),
    ]),
  ])

describe('lines', () => {
  it('stand for one reason and fixing place of a tier; the severe before the many', async () => {
    const lines = linesOf((await many()).findings, 'cause')
    expect(lines.map(({ tier, group, first, findings }) => [tier, group, first.reason, findings.length])).toEqual([
      ['advice', 'chart lamps 1', 'dark', 1],
      ['broken', 'chart lamps 2', 'dark', 1],
      ['broken', 'chart lamps 1', 'dark', 2],
      ['broken', 'chart lamps 1', 'dim', 1],
    ])
  })

  it.each([
    ['owner', ['garden', 'house', 'house', 'house']],
    ['cluster', ['hall', 'hall', 'hall']],
  ] as const)('can stand for one %s instead', async (by, groups) => {
    expect(linesOf((await many()).findings, by).map(({ group }) => group)).toEqual(groups)
  })

  it('have ids that stay, whatever else is found', async () => {
    const idOf = async (all: Promise<Awaited<ReturnType<typeof many>>>) =>
      linesOf((await all).findings, 'cause').find(({ group }) => group === 'chart lamps 2')?.id
    expect(await idOf(many())).toBe(await idOf(report([looked([of('other', 'lamps 2', { fact: 'it is very dark' })])])))
    expect(await idOf(many())).toMatch(/^[0-9a-f]{6}$/)
  })
})

describe('what an id names', () => {
  it('is every finding of a line, in any grouping and tier', async () => {
    const { findings } = await many()
    const names = (id: string | undefined) => findingsOf(findings, id ?? '').map(({ subject: s }) => s.name)
    const [first] = linesOf(findings, 'cause').filter(({ group }) => group === 'chart lamps 1')
    expect(names(first?.id).toSorted()).toEqual(['a', 'b', 'd'])
    const [garden] = linesOf(findings, 'owner')
    expect(names(garden?.id)).toEqual(['b'])
  })

  it('is one finding by its own id, also cut short, but never by less than six characters', async () => {
    const { findings } = await many()
    const id = findings.find(({ subject: s }) => s.name === 'c')?.id ?? ''
    expect(findingsOf(findings, id).map(({ subject: s }) => s.name)).toEqual(['c'])
    expect(findingsOf(findings, id.slice(0, 7)).map(({ subject: s }) => s.name)).toEqual(['c'])
    expect(findingsOf(findings, id.slice(0, 5))).toEqual([])
    expect(findingsOf(findings, 'nothing')).toEqual([])
  })
})
