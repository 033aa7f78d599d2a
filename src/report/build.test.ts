import { describe, expect, it } from 'vitest'
import type { Finding, Subject } from '../contract/hazard.ts'
import { found, unknown } from '../contract/verdicts.ts'
import { exitCode } from './build.ts'
import { finding, judged, looked, report, subject } from './fixtures/lamps.ts'
import { reportSchema } from './schema.ts'

describe('the report', () => {
  it('is what its schema says, also when something is undefined before', async () => {
    const a = subject('a')
    const step = { do: 'edit' as const, why: 'w', target: a, changes: [{ path: ['x'], before: undefined, after: 1 }] }
    const made = await report([
      looked([judged(a, found(finding(a, { remedy: [step, { do: 'advise', why: 'think' }] })))]),
    ])
    expect(reportSchema.safeParse(JSON.parse(JSON.stringify(made))).error).toBeUndefined()
  })

  it('puts what is happening first, then what is sure to, then the severe', async () => {
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
    expect(made.findings.map(({ subject: of, tier }) => `${of.name} ${tier}`)).toEqual([
      'a broken',
      'b broken',
      'c will-break',
      'd advice',
      'e advice',
    ])
  })

  it('does not say of what is happening that it could', async () => {
    const a = subject('a')
    const both = found(finding(a, { state: 'exposed' }), finding(a), finding(a, { reason: 'dim', state: 'exposed' }))
    const made = await report([looked([judged(a, both)])])
    expect(made.findings.map(({ reason, state }) => `${reason} ${state}`)).toEqual(['dark occurring', 'dim exposed'])
  })

  it('does not say of what happened lately that it could', async () => {
    const a = subject('a')
    const lately = finding(a, { state: 'exposed', lately: true })
    const made = await report([
      looked([judged(a, found(finding(a, { state: 'exposed', certain: true }))), judged(a, found(lately))]),
    ])
    expect(made.findings.map(({ tier, lately: happened }) => [tier, happened])).toEqual([['will-break', true]])
  })

  it('tells which finding is part of one that is happening to the same object', async () => {
    const [a, b] = [subject('a'), subject('b')]
    const dimToo = (of: Subject) => judged(of, found(finding(of, { reason: 'dim', state: 'exposed' })))
    const made = await report([looked([judged(a, found(finding(a))), dimToo(a), dimToo(b)])])
    const [dark, ...dim] = made.findings
    expect(dim.map(({ partOf }) => partOf)).toEqual([dark?.id, undefined])
  })

  it('keeps several findings of one reason about one object', async () => {
    const a = subject('a')
    const made = await report([looked([judged(a, found(finding(a, { fact: 'left' }), finding(a, { fact: 'right' })))])])
    expect(made.findings.map(({ fact }) => fact)).toEqual(['left', 'right'])
  })

  it.each([
    [{ chart: 'lamps 1.2.3', fixAt: 'Helm release lamps' }, {}, 'chart lamps 1.2.3'],
    [{ fixAt: 'Argo CD application hall' }, {}, 'Argo CD application hall'],
    [{}, {}, 'hall/ns'],
    [{}, { source: { file: 'lamps.yaml', document: 0 } }, 'lamps.yaml'],
    [{}, { source: { file: 'export.json', document: 0 }, uid: '1' }, 'hall/ns'],
  ] as const)('%j, %j is mended in %s', async (origin, more, place) => {
    const a = subject('a', more)
    const made = await report([looked([{ ...judged(a, found(finding(a))), origin }])])
    expect(made.findings[0]?.fixingPlace).toBe(place)
  })

  it('looks places up only of the findings that are asked for', async () => {
    const [a, b] = ['a', 'b'].map((name) => subject(name, { source: { file: 'lamps.yaml', document: 0 } })) as [
      Subject,
      Subject,
    ]
    const both = [looked([judged(a, found(finding(a))), judged(b, found(finding(b)))])]
    const [first] = (await report(both)).findings
    const made = await report(both, { withPlaces: (id) => id === first?.id })
    expect(made.findings.map(({ place }) => place?.line)).toEqual([3, undefined])
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
    [[], [], 'advice', 0],
    [['advice'], [], 'will-break', 0],
    [['advice'], [], 'advice', 1],
    [['will-break'], [], 'will-break', 1],
    [['will-break'], [], 'broken', 0],
    [['broken', 'advice'], [], 'will-break', 1],
    [['broken'], ['403'], 'advice', 2],
    [[], ['403'], 'broken', 2],
  ] as const)('findings %j, not seen %j, --fail-on %s: %d', (found, unread, failOn, code) => {
    const tiers = found.map((tier) => ({ tier }))
    expect(exitCode(tiers, unread, failOn)).toBe(code)
  })
})
