import { describe, expect, it } from 'vitest'
import type { Watched } from '../acting/follow-up.ts'
import type { NodeReport } from '../acting/shadow-store.ts'
import { railsReportSchema, reportData } from './rails-report.ts'
import { conclusions, reportText } from './rails-report-view.ts'

const now = Date.parse('2026-11-23T08:00:00Z')
const watched: Watched = { hazard: 'lamp', step: 'swap', subject: 's', subjectKey: 'k', was: 'advised', since: now }
const nodes: readonly NodeReport[] = [
  {
    node: 'n1',
    since: now - 86_400_000,
    counts: {
      'lamp swap': { 'done-by-a-person': 8, 'healed-by-itself': 1, cured: 2 },
      'lamp screw': { 'not-cured': 1 },
    },
    watched: [watched, { ...watched, was: 'done' }],
  },
  {
    node: 'n2',
    since: now - 60_000,
    counts: { 'lamp swap': { 'done-by-a-person': 3, 'still-broken': 2 } },
    watched: [],
  },
]

function report(reports = nodes, by: 'step' | 'node' = 'step') {
  const data = reportData({ context: 'eu', namespace: 'roadcrew', reports, by, now })
  expect(railsReportSchema.safeParse(JSON.parse(JSON.stringify(data))).error).toBeUndefined()
  return data
}
const textOf = (data: ReturnType<typeof report>, columns = 120) => reportText(data, { columns, color: false })

describe('the report', () => {
  it('adds up all nodes by step, from when the first began', () => {
    expect(report()).toMatchObject({ since: '2026-11-22T08:00:00Z', forSeconds: 86_400, nodes: 2 })
    expect(report().steps).toEqual([
      {
        hazard: 'lamp',
        step: 'screw',
        done: { cured: 0, notCured: 1, watched: 0 },
        advised: { doneByAPerson: 0, healedByItself: 0, stillBroken: 0, watched: 0 },
      },
      {
        hazard: 'lamp',
        step: 'swap',
        done: { cured: 2, notCured: 0, watched: 1 },
        advised: { doneByAPerson: 11, healedByItself: 1, stillBroken: 2, watched: 1 },
      },
    ])
  })

  it('shows each node by itself where that is asked for', () => {
    expect(report(nodes, 'node').steps.map(({ step, node, advised }) => [step, node, advised.doneByAPerson])).toEqual([
      ['screw', 'n1', 0],
      ['swap', 'n1', 8],
      ['swap', 'n2', 3],
    ])
    expect(textOf(report(nodes, 'node'))).toMatch(/\nlamp\n {2}screw\n {4}n1 .*\n {2}swap\n {4}n1 .*\n {4}n2 /)
  })

  it('ends with what helps to decide', () => {
    expect(conclusions(report().steps)).toEqual([
      'Of 3 steps that were done 2 cured, 1 did not.',
      'Of 14 steps that were advised people took 11 themselves: act would have spared them that; 1 healed by itself: act would have been needless; 2 were still broken after 30 min: act would not have waited for anybody.',
      '2 are still watched.',
    ])
    const few = report([{ node: 'n', since: now, counts: { 'lamp swap': { 'still-broken': 1 } }, watched: [] }])
    expect(conclusions(few.steps)).toEqual([
      'Of 1 step that was advised 1 was still broken after 30 min: act would not have waited for anybody.',
      'So few say little yet.',
    ])
  })

  it('says how to get figures where there are none', () => {
    expect(report([])).toMatchObject({ nodes: 0, forSeconds: 0, steps: [] })
    expect(textOf(report([]))).toMatch(/^eu: 0 nodes\nNo agent .* has counted anything in namespace roadcrew/)
    const begun = textOf(report([{ node: 'n', since: now, counts: {}, watched: [] }]))
    expect(begun).toContain('Nothing was done or advised so far.\nTo see what would have been done')
    expect(begun).toContain('mode: advise')
  })

  it.each([80, 200])('fits %i columns with every figure', (columns) => {
    const long = nodes.map((one) => ({ ...one, node: `${one.node}-with-a-long-name.eu-west-1.compute.example` }))
    const lines = textOf(report(long, 'node'), columns).split('\n')
    expect(Math.max(...lines.map(({ length }) => length))).toBeLessThanOrEqual(columns)
    expect(lines.find((line) => line.includes('n1-with') && / 8 /.test(line))).toMatch(/ 2 +0 +1 +8 +1 +0 +1$/)
  })
})
