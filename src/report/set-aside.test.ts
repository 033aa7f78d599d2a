import { describe, expect, it } from 'vitest'
import { found } from '../contract/verdicts.ts'
import { findingText } from './details.ts'
import { finding, judged, looked, report, subject } from './fixtures/lamps.ts'
import { reportSchema } from './schema.ts'
import { setAsideText } from './set-aside.ts'
import type { Aside, Sift } from './sift.ts'
import { terminalReport } from './terminal.ts'

const settings: Aside = { by: 'settings', where: 'ops/roadcrew.yaml:12', reason: 'a cellar' }
const annotation: Aside = { by: 'annotation', where: 'roadcrew.dev/ignore on Lamp ns/a', reason: 'a store room' }
const baseline: Aside = { by: 'baseline', where: 'baseline.json' }

const dark = (...names: string[]) => [
  looked(names.map((name) => judged(subject(name), found(finding(subject(name), { severity: 'high' }))))),
]
/** Sets aside the findings about these. */
const asides =
  (by: Readonly<Record<string, Aside>>, notices: ReturnType<Sift>['notices'] = []): Sift =>
  (candidates) => ({ asides: candidates.map(({ finding: one }) => by[one.subject.name]), notices })

const plain = { color: false, columns: 120, top: 10, advice: false, by: 'cause' } as const

describe('findings that do not count', () => {
  it('are apart from the others, in no figure but their own, and fail nothing', async () => {
    const made = await report(dark('a', 'b'), { sift: asides({ a: annotation }) })
    expect(made.findings.map((one) => one.subject.name)).toEqual(['b'])
    expect(made.setAside.map((one) => [one.subject.name, one.setAside])).toEqual([['a', annotation]])
    expect(made.summary).toMatchObject({ broken: 1, bySeverity: { high: 1 }, setAside: 1, exitCode: 1 })
    expect(reportSchema.safeParse(JSON.parse(JSON.stringify(made))).error).toBeUndefined()
    const all = await report(dark('a', 'b'), { sift: asides({ a: annotation, b: baseline }) })
    expect(all.summary).toMatchObject({ broken: 0, setAside: 2, exitCode: 0 })
  })

  it('hide nothing that is part of them', async () => {
    const a = subject('a')
    const dim = finding(a, { reason: 'dim', state: 'exposed' })
    const onlyDark: Sift = (candidates) => ({
      asides: candidates.map(({ finding: one }) => (one.reason === 'dark' ? baseline : undefined)),
      notices: [],
    })
    const both = [looked([judged(a, found(finding(a), dim))])]
    expect((await report(both, { sift: onlyDark })).findings.map(({ partOf }) => partOf)).toEqual([undefined])
    const made = await report(both, { sift: asides({ a: baseline }) })
    expect(made.setAside.map(({ partOf }) => partOf)).toEqual([undefined, made.setAside[0]?.id])
  })

  it('do not hide what could not be looked at', async () => {
    const worlds = [...dark('a'), { name: 'cellar', because: 'no stairs' }]
    const made = await report(worlds, { sift: asides({ a: baseline }), failOn: 'nothing' })
    expect(made.summary.exitCode).toBe(2)
  })

  it('are told in a line, with what does not hold of them', async () => {
    const notices = ['x', 'y', 'z', 'u', 'v'].map((text, place) => ({ where: `roadcrew.yaml:${place}`, text }))
    const made = await report(dark('a', 'b'), { sift: asides({ a: annotation, b: baseline }, notices) })
    expect(terminalReport(made, plain)).toBe(`hall 1.30: 2 objects in 1.3 s, as of 2026-11-23T08:00:00Z, all read

2 findings do not count: 1 in the baseline, 1 by annotations
Note: roadcrew.yaml:0: x
Note: roadcrew.yaml:1: y
Note: roadcrew.yaml:2: z
Note: roadcrew.yaml:3: u
… and 1 more note: -o json has all

Nothing that counts is broken, and nothing is sure to break.
`)
    expect(terminalReport(made, { ...plain, advice: true })).toContain('roadcrew.yaml:4: v')
  })

  it('say when asked who says so, and why', async () => {
    const textOf = async (by: Aside) => {
      const [one] = (await report(dark('a'), { sift: asides({ a: by }) })).setAside
      return one ? findingText(one, plain).join('\n') : ''
    }
    expect(await textOf(annotation)).toMatch(/does not count {2}by roadcrew.dev\/ignore on Lamp ns\/a: a store room/)
    expect(await textOf({ ...settings, until: '2026-12-31' })).toContain(
      'by ops/roadcrew.yaml:12 until 2026-12-31: a cellar',
    )
    expect(await textOf(baseline)).toContain('it is in the baseline baseline.json')
  })

  it('are counted by who says so, and those that end by their day', async () => {
    const ofAll = async (...all: Aside[]) => {
      const names = all.map((_, place) => `l${place}`)
      const by = Object.fromEntries(names.map((name, place) => [name, all[place] ?? baseline]))
      return setAsideText((await report(dark(...names), { sift: asides(by) })).setAside)
    }
    expect(await ofAll()).toBe('')
    expect(await ofAll(settings)).toBe('1 finding does not count: 1 by ops/roadcrew.yaml')
    const until = (day: string): Aside => ({ ...settings, where: 'ops/roadcrew.yaml:3', until: day })
    expect(await ofAll(settings, until('2027-01-31'), until('2026-12-31'), annotation, baseline, baseline)).toBe(
      '6 findings do not count: 2 in the baseline, 1 by annotations, ' +
        '3 by ops/roadcrew.yaml (1 until 2026-12-31, 1 until 2027-01-31)',
    )
  })
})
