import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { Finding, Hazard, Severity, Subject, Verdict } from '../contract/hazard.ts'
import { hazard } from '../contract/reads.ts'
import { found, seen, unknown } from '../contract/verdicts.ts'
import type { Judged, Look } from '../engine/look.ts'
import { buildReport, exitCode, type Looked } from './build.ts'
import { reportSchema } from './schema.ts'
import { terminalReport } from './terminal.ts'

const lamp: Hazard = hazard({
  id: 'dark-lamp',
  title: 'A lamp is dark',
  severity: 'medium',
  settings: z.object({}),
  reasons: {
    dark: { title: 'Dark', why: 'It is not lit.', fix: 'Light it.', fixedIn: '1.99. Nothing remains.' },
    dim: { title: 'Dim', why: 'It is hardly lit.', fix: 'Light it more.' },
  },
})

const subject = (name: string, more: Partial<Subject> = {}): Subject => ({
  source: { cluster: 'hall' },
  kind: 'Lamp',
  name,
  namespace: 'ns',
  ...more,
})

const finding = (of: Subject, more: Partial<Finding> = {}): Finding => ({
  reason: 'dark',
  state: 'occurring',
  fact: 'it is dark',
  evidence: [seen('lit', false, of, 'spec', 'lit')],
  remedy: [
    { do: 'edit', why: 'light is good', target: of, changes: [{ path: ['spec', 'lit'], before: false, after: true }] },
  ],
  ...more,
})

const judged = (of: Subject, verdict: Verdict): Judged => ({
  hazard: lamp,
  vantage: 'cluster',
  subject: of,
  verdict,
  origin: { owner: 'house' },
})

const looked = (all: readonly Judged[], more: Partial<Look> = {}): Looked => ({
  name: 'hall',
  version: { major: 1, minor: 30 },
  look: { world: 'hall', judged: all, broken: [], missing: [], memory: new Map(), ...more },
})

const report = (worlds: readonly Looked[], failOn: Severity = 'medium') =>
  buildReport({
    toolVersion: '0.0.0',
    at: Date.parse('2026-11-23T08:00:00Z'),
    timeZoneData: 'none',
    hazards: [lamp.id],
    looked: worlds,
    broken: [],
    passedOver: 0,
    failOn,
    placeOf: async (file) => ({ file, line: 3, column: 5 }),
  })

describe('the report', () => {
  it('is what its schema says, also when something is undefined before', async () => {
    const a = subject('a')
    const step = { do: 'edit' as const, why: 'w', target: a, changes: [{ path: ['x'], before: undefined, after: 1 }] }
    const made = await report([
      looked([judged(a, found(finding(a, { remedy: [step, { do: 'advise', why: 'think' }] })))]),
    ])
    expect(reportSchema.safeParse(JSON.parse(JSON.stringify(made))).error).toBeUndefined()
  })

  it('puts what is happening first, then the severe, then the certain', async () => {
    const names = ['e', 'd', 'c', 'b', 'a']
    const [e, d, c, b, a] = names.map((name) => subject(name)) as [Subject, Subject, Subject, Subject, Subject]
    const made = await report([
      looked([
        judged(e, found(finding(e, { state: 'exposed', severity: 'low' }))),
        judged(d, found(finding(d, { state: 'exposed', severity: 'high' }))),
        judged(c, found(finding(c, { state: 'exposed', severity: 'high', certain: true }))),
        judged(b, found(finding(b, { severity: 'low' }))),
        judged(a, found(finding(a, { severity: 'critical' }))),
      ]),
    ])
    expect(made.findings.map(({ subject: of }) => of.name)).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  it('does not say of what is happening that it could', async () => {
    const a = subject('a')
    const both = found(finding(a, { state: 'exposed' }), finding(a), finding(a, { reason: 'dim', state: 'exposed' }))
    const made = await report([looked([judged(a, both)])])
    expect(made.findings.map(({ reason, state }) => `${reason} ${state}`)).toEqual(['dark occurring', 'dim exposed'])
  })

  it('gives a finding the same id in every scan, and another one to every other', async () => {
    const idOf = async (of: Subject, more: Partial<Finding> = {}) =>
      (await report([looked([judged(of, found(finding(of, more)))])])).findings[0]?.id
    expect(await idOf(subject('a', { uid: '1' }))).toBe(await idOf(subject('a', { uid: '2' }), { fact: 'other words' }))
    expect(await idOf(subject('a'))).not.toBe(await idOf(subject('b')))
    expect(await idOf(subject('a'))).not.toBe(await idOf(subject('a'), { reason: 'dim' }))
  })

  it('points at the line of its first evidence', async () => {
    const a = subject('a', { source: { file: 'lamps.yaml', document: 0 } })
    expect((await report([looked([judged(a, found(finding(a)))])])).findings[0]?.place).toEqual({
      file: 'lamps.yaml',
      line: 3,
      column: 5,
    })
  })

  it('says once why many objects were not seen', async () => {
    const dark = ['a', 'b', 'c'].map((name) => judged(subject(name), unknown('too dark')))
    const rows = [...dark, judged(subject('d'), unknown('its fuses could not be read: 403'))]
    const made = await report([
      looked(rows, { missing: [{ kind: 'Fuse', because: '403', how: 'unread' }] }),
      { name: 'cellar', because: 'no stairs' },
    ])
    expect(made.unread).toEqual([
      { world: 'hall', what: 'all of kind Fuse', because: '403', count: 1 },
      { world: 'hall', hazard: 'dark-lamp', what: 'Lamp ns/a', because: 'too dark', count: 3 },
      { world: 'cellar', what: 'everything in it', because: 'no stairs', count: 1 },
    ])
    expect(made.summary).toMatchObject({ unread: 5, exitCode: 2 })
  })

  it('refuses a reason that its hazard does not declare', async () => {
    const a = subject('a')
    await expect(report([looked([judged(a, found(finding(a, { reason: 'lost' })))])])).rejects.toThrow(
      'does not declare',
    )
  })
})

describe('the exit code', () => {
  it.each([
    [[], [], 'low', 0],
    [['low'], [], 'medium', 0],
    [['medium'], [], 'medium', 1],
    [['critical', 'low'], [], 'high', 1],
    [['critical'], ['403'], 'low', 2],
    [[], ['403'], 'critical', 2],
  ] as const)('findings %j, not seen %j, --fail-on %s: %d', (severities, unread, failOn, code) => {
    expect(
      exitCode(
        severities.map((severity) => ({ severity })),
        unread,
        failOn,
      ),
    ).toBe(code)
  })
})

describe('the report for a terminal', () => {
  it('shows evidence, cure and owner of what is happening, aligned', async () => {
    const a = subject('a')
    const text = terminalReport(await report([looked([judged(a, found(finding(a)))])]), { color: false })
    expect(text).toBe(`OCCURRING (it hurts now)

  medium    Lamp ns/a  dark-lamp/dark
            hall
            it is dark
              lit       false
              cure      edit Lamp ns/a: spec.lit: true  light is good
              owner     house
              fixed in  1.99. Nothing remains.

1 occurring, 0 exposed in 1 object of hall 1.30, as of 2026-11-23T08:00:00Z
`)
  })

  it('counts what is of severity low and only could happen', async () => {
    const rows = ['a', 'b'].map((name) =>
      judged(subject(name), found(finding(subject(name), { state: 'exposed', severity: 'low' }))),
    )
    expect(
      terminalReport(await report([looked(rows)]), { color: false }),
    ).toBe(`ADVICE (severity low; -o json has every one)

      2  dark-lamp/dark  Dark

0 occurring, 2 exposed in 2 objects of hall 1.30, as of 2026-11-23T08:00:00Z
`)
  })

  it('wraps what is long, but nothing that is to be copied', async () => {
    const a = subject('a')
    const command = `light ${'--up '.repeat(30).trim()}`
    const long = 'a word and another '.repeat(12).trim()
    const text = terminalReport(
      await report([
        looked([judged(a, found(finding(a, { fact: long, remedy: [{ do: 'advise', why: long, command }] })))]),
      ]),
      { color: false },
    )
    expect(text).toContain(command)
    const others = text.split('\n').filter((line) => !line.includes(command))
    expect(Math.max(...others.map((line) => line.length))).toBeLessThanOrEqual(120)
  })

  it('has colours only when asked', async () => {
    const a = subject('a')
    const made = await report([looked([judged(a, found(finding(a)))])])
    expect(terminalReport(made, { color: true })).toContain('\u001b[')
    expect(terminalReport(made, { color: false })).not.toContain('\u001b')
  })
})
