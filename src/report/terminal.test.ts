import { describe, expect, it } from 'vitest'
import { found, unknown } from '../contract/verdicts.ts'
import type { Looked } from './build.ts'
import { findingText } from './details.ts'
import { finding, judged, looked, report, subject } from './fixtures/lamps.ts'
import { type TerminalOptions, terminalReport } from './terminal.ts'

const plain: TerminalOptions = { color: false, columns: 80, top: 10, advice: false, by: 'cause' }

const textOf = async (worlds: readonly Looked[], more: Partial<TerminalOptions> = {}): Promise<string> =>
  terminalReport(await report(worlds), { ...plain, ...more })

const a = subject('a')
const exposed = { state: 'exposed' } as const
const next = { why: (id: string) => `roadcrew why ${id} hall`, all: 'roadcrew scan --advice hall' }

describe('the report for a terminal', () => {
  it('has a head, its tiers with one line per cause, what is only counted, and the next command', async () => {
    const rows = [
      judged(a, found(finding(a, { severity: 'high' }))),
      ...['b', 'c'].map((name) =>
        judged(subject(name), found(finding(subject(name), { ...exposed, certain: true, reason: 'dim' }))),
      ),
      ...['d', 'e'].map((name) => judged(subject(name), found(finding(subject(name), exposed)))),
      judged(subject('f'), unknown('too dark')),
    ]
    const text = await textOf([looked(rows)], { next })
    expect(
      text.replaceAll(/[0-9a-f]{6}/g, '######'),
    ).toBe(`hall 1.30: 6 objects in 1.3 s, as of 2026-11-23T08:00:00Z, all read

BROKEN NOW  1 cause in 1 object  (it hurts now)
  ######  it is dark  Lamp ns/a  hall/ns  house

WILL BREAK  1 cause in 2 objects
  ######  it is dark  2 Lamps  hall/ns  house

2 pieces of advice  list: roadcrew scan --advice hall
1 object not judged: too dark
Next: roadcrew why ###### hall
`)
  })

  it('lists advice and what could not be judged when asked', async () => {
    const text = await textOf([looked([judged(a, found(finding(a, exposed))), judged(a, unknown('too dark'))])], {
      advice: true,
    })
    expect(text).toContain('ADVICE  1 cause in 1 object  (it may hurt one day)')
    expect(text).toContain('NOT JUDGED  (nothing can be said of it)\n  Lamp ns/a (dark-lamp): too dark')
    expect(text).toContain('Nothing of what was seen is broken, and nothing is sure to break.')
  })

  it('says what was passed over on one line, and how it can be scanned', async () => {
    const foreign = [
      { what: 'Helm chart', count: 7, example: 'web', command: 'helm template web | roadcrew scan -' },
      ...['a', 'b', 'c', 'd'].map((name) => ({ what: `thing ${name}`, count: 1, example: `${name}.yaml` })),
    ]
    expect(terminalReport({ ...(await report([])), foreign }, plain)).toContain(
      'Passed over: Helm chart web (7 files: helm template web | roadcrew scan -), thing a a.yaml (1 file), thing b b.yaml (1 file), 2 more sorts: -o json has all\n',
    )
    expect(terminalReport(await report([]), plain)).not.toContain('Passed over')
  })

  it('says in its head, and below, what was not read', async () => {
    const text = await textOf([looked([judged(a, found(finding(a)))]), { name: 'cellar', because: 'no stairs' }])
    expect(text).toContain('2 clusters: 1 object in 1.3 s, as of 2026-11-23T08:00:00Z, 1 part not read')
    expect(text).toContain('NOT READ  (nothing can be said of it)\n  cellar: everything in it: no stairs')
  })

  it.each([40, 80, 120, 200])('is never wider than %d characters in its lines of causes', async (columns) => {
    const long = subject('a-name-that-is-as-long-as-names-of-workloads-may-be', {
      namespace: 'a-namespace-of-some-length',
    })
    const fact = 'it has been dark for 9 d 7 h: nobody came by, and nobody will for as long as nobody looks'
    const text = await textOf([looked([judged(long, found(finding(long, { fact })))])], { columns })
    const [line = ''] = text.split('\n').filter((one) => /^ {2}[0-9a-f]{6}/.test(one))
    expect(line.length).toBeLessThanOrEqual(Math.max(columns, 72))
    expect(line).toContain(columns === 40 ? 'Dark' : 'it has been dark for 9 d')
  })

  it('stays within 40 lines, however much there is', async () => {
    const rows = Array.from({ length: 60 }, (_, n) => `lamp-${n}`).flatMap((name) => {
      const one = subject(name, { namespace: name })
      return [
        judged(one, found(finding(one, { fact: name }), finding(one, { ...exposed, certain: true, reason: 'dim' }))),
      ]
    })
    const lost = Array.from({ length: 9 }, (_, n) => ({ name: `cellar-${n}`, because: 'no stairs' }))
    const text = await textOf([looked(rows), ...lost], { next })
    expect(text.split('\n').length - 1).toBeLessThanOrEqual(40)
    expect(text).toContain('… and 50 more causes: --top 60')
    expect(text).toContain('… and 5 more: -o json has all')
  })

  it('has colours only when asked', async () => {
    expect(await textOf([looked([judged(a, found(finding(a)))])], { color: true })).toContain('\u001b[')
    expect(await textOf([looked([judged(a, found(finding(a)))])])).not.toContain('\u001b')
  })
})

describe('a finding in full', () => {
  it('shows evidence, cure and owner, aligned', async () => {
    const [only] = (await report([looked([judged(a, found(finding(a)))])])).findings
    expect(only && findingText(only, { color: false, columns: 120 }).join('\n')).toBe(
      `  Lamp ns/a  dark-lamp/dark  medium, broken now  ${only?.id}
    it is dark
    where  hall
    lit    false
    cure   edit Lamp ns/a: spec.lit: true  light is good
    owner  house`,
    )
  })

  it('wraps what is long, but nothing that is to be copied', async () => {
    const command = `light ${'--up '.repeat(30).trim()}`
    const long = 'a word and another '.repeat(12).trim()
    const remedy = [{ do: 'advise' as const, why: long, command }]
    const [only] = (await report([looked([judged(a, found(finding(a, { fact: long, remedy })))])])).findings
    const lines = only ? findingText(only, { color: false, columns: 90 }) : []
    expect(lines.some((line) => line.includes(command))).toBe(true)
    const others = lines.filter((line) => !line.includes(command))
    expect(Math.max(...others.map((line) => line.length))).toBeLessThanOrEqual(90)
  })
})
