import { describe, expect, it } from 'vitest'
import type { ReportFinding } from '../report/schema.ts'
import { editOfFile, firstStep, idsOf } from './fix-chosen.ts'

const finding = (id: string, more: Partial<ReportFinding> = {}): ReportFinding =>
  ({
    id,
    cause: `c${id}`,
    hazard: 'late',
    reason: 'r',
    fixingPlace: 'p',
    subject: { world: 'w', kind: 'CronJob', namespace: 'shop', name: id },
    ...more,
  }) as ReportFinding

const findings = [
  finding('aaaaaa1111'),
  finding('bbbbbb2222', {
    hazard: 'lost',
    subject: { world: 'w', kind: 'Deployment', namespace: 'shop', name: 'web' },
  }),
  finding('cccccc3333', { partOf: 'aaaaaa1111' }),
]

describe('what a word means', () => {
  it.each([
    ['all', ['aaaaaa1111', 'bbbbbb2222', 'cccccc3333']],
    ['lost', ['bbbbbb2222']],
    ['deploy/web', ['bbbbbb2222']],
    ['deployment/shop/web', ['bbbbbb2222']],
    ['deployment/other/web', []],
    ['bbbbbb', ['bbbbbb2222']],
    ['cbbbbbb2222', ['bbbbbb2222']],
    // What could happen to the same object goes with what happens.
    ['aaaaaa1111', ['aaaaaa1111', 'cccccc3333']],
    ['nothing', []],
  ])('%s', (what, ids) => expect([...idsOf({ findings, setAside: [] }, what)]).toEqual(ids))
})

it('what does not count is meant by its own id alone', () => {
  const setAside = [{ ...finding('dddddd4444'), setAside: { by: 'baseline' as const, where: 'b.json' } }]
  for (const [what, ids] of [
    ['all', []],
    ['late', []],
    ['cj/dddddd4444', []],
    ['dddddd', ['dddddd4444']],
  ] as const)
    expect([...idsOf({ findings: [], setAside }, what)], what).toEqual(ids)
})

describe('which step is taken', () => {
  const target = { source: { file: 'a' }, kind: 'CronJob', name: 'a' } as never
  const status = {
    do: 'edit',
    why: 's',
    target,
    changes: [{ path: ['status', 'a'], before: undefined, after: 1 }],
  } as const
  const spec = {
    do: 'edit',
    why: 's',
    target,
    changes: [{ path: ['spec', 'a'], before: undefined, after: 1 }],
  } as const
  const advice = { do: 'advise', why: 'think' } as const

  it('of a file no status, which cures nothing there; of a cluster the smallest that is not for people', () => {
    const of = { remedy: [advice, status, spec] } as never
    expect(editOfFile(of)).toBe(spec)
    expect(firstStep(of)).toBe(status)
    expect(editOfFile({ remedy: [advice, status] } as never)).toBeUndefined()
    expect(firstStep({ remedy: [advice] } as never)).toBeUndefined()
  })
})
