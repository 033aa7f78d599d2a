import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import Ajv from 'ajv-draft-04'
import addFormats from 'ajv-formats'
import fc from 'fast-check'
import type { Log, Run } from 'sarif'
import { describe, expect, it } from 'vitest'
import { anyReport } from '../../house/any-report.ts'
import { allSorts, nasty } from './fixtures/all-sorts.ts'
import { sarifLevel, sarifReport } from './sarif.ts'
import type { Report } from './schema.ts'

const schema = JSON.parse(
  readFileSync(join(import.meta.dirname, 'fixtures/sarif-2.1.0-rtm.5.schema.json'), 'utf8'),
) as object
// One of its patterns is none with the flag u.
const ajv = new Ajv.default({ strict: false, allErrors: true, unicodeRegExp: false })
addFormats.default(ajv)
const isSarif = ajv.compile(schema)

function runOf(report: Report): Run {
  const log = JSON.parse(sarifReport(report, '/work space')) as Log
  isSarif(log)
  expect(isSarif.errors).toBeNull()
  const [run] = log.runs
  if (!run) throw new Error('no run')
  return run
}

describe('the report as SARIF', () => {
  it('is what the schema of SARIF 2.1.0 allows, and the schema refuses what is not', async () => {
    runOf(await allSorts())
    expect(isSarif({ version: '2.1.0', runs: [{ tool: {}, results: [{}] }] })).toBe(false)
  })

  it('is that for whatever texts', () => {
    fc.assert(fc.property(anyReport, (report) => void runOf(report)))
  })

  it('has a rule for each reason, which its results name by place and id', async () => {
    const run = runOf(await allSorts())
    const rules = run.tool.driver.rules ?? []
    expect(rules.map(({ id, defaultConfiguration }) => [id, defaultConfiguration?.level])).toEqual([
      ['dark-lamp/dark', 'error'],
      ['dark-lamp/dim', 'error'],
    ])
    expect(rules[0]).toMatchObject({
      shortDescription: { text: 'Dark' },
      fullDescription: { text: 'It is not lit.' },
      help: { text: 'Light it.\n\nFixed in Kubernetes 1.99. Nothing remains.' },
      properties: { tags: ['kubernetes', 'dark-lamp', 'broken', 'advice'], severity: 'critical' },
    })
    for (const { ruleId, ruleIndex } of run.results ?? []) expect(rules[ruleIndex ?? -1]?.id).toBe(ruleId)
  })

  it('points at the line of a file, with evidence that stands elsewhere, and at objects of clusters by name', async () => {
    const run = runOf(await allSorts())
    const [cluster, , , file] = run.results ?? []
    expect(cluster?.message.text).toBe(`Lamp ns/a: it is dark\n\nCure: kubectl patch lamp a -p '{"spec":{"lit":true}}'`)
    expect(cluster?.locations).toEqual([
      { logicalLocations: [{ name: 'a', fullyQualifiedName: 'hall/ns/Lamp/a', kind: 'resource' }] },
    ])
    expect(file?.locations?.[0]?.physicalLocation).toEqual({
      artifactLocation: { uri: 'some%20folder/%C3%BC%231.yaml', uriBaseId: '%SRCROOT%' },
      region: { startLine: 3, startColumn: 5 },
    })
    expect(file?.relatedLocations).toMatchObject([
      { id: 1, message: { text: 'fuse: {"rated":"10A"}' }, physicalLocation: { region: { startLine: 7 } } },
    ])
    expect(run.columnKind).toBe('utf16CodeUnits')
  })

  it.each([
    ['/work space/deploy/a b.yaml', { uri: 'deploy/a%20b.yaml', uriBaseId: '%SRCROOT%' }],
    ['/work spaces/a.yaml', { uri: 'file:///work%20spaces/a.yaml' }],
    ['../a:b?.yaml', { uri: '../a%3Ab%3F.yaml', uriBaseId: '%SRCROOT%' }],
  ])('tells %s as a URI, relative where it is below the folder of the scan', async (file, location) => {
    const report = await allSorts()
    const [first] = report.findings
    if (!first) throw new Error('nothing was found')
    const { results } = runOf({ ...report, findings: [{ ...first, place: { file, line: 1, column: 1 } }] })
    expect(results?.[0]?.locations?.[0]?.physicalLocation?.artifactLocation).toEqual(location)
  })

  it('gives every result a fingerprint of its own, the same in every scan', async () => {
    const [one, again] = [runOf(await allSorts()), runOf(await allSorts())].map(({ results = [] }) =>
      results.map(({ partialFingerprints }) => partialFingerprints?.['roadcrew/v1']),
    )
    expect(one).toEqual(again)
    expect(new Set(one).size).toBe(one?.length)
    expect(one?.[0]).toBe((await allSorts()).findings[0]?.id)
  })

  it('writes no link and no argument where a text looks like one', async () => {
    const { results = [] } = runOf(await allSorts())
    const text = results.find(({ message }) => message.text?.includes('@all'))?.message.text
    expect(text).toContain(nasty.replace('[a](b)', '\\[a](b)').replace('{0}', '{{0}}'))
  })

  it('suppresses what was set aside, and says what is new beside a baseline', async () => {
    const { results = [] } = runOf(await allSorts())
    expect(results.map(({ suppressions }) => suppressions?.map(({ kind }) => kind))).toEqual([
      ...Array.from({ length: 5 }, () => []),
      ...[['external'], ['inSource'], ['external']],
    ])
    expect(results.map(({ baselineState }) => baselineState)).toEqual([
      ...Array.from({ length: 5 }, () => 'new'),
      ...['unchanged', 'new', 'new'],
    ])
    expect(results.at(-1)?.suppressions).toEqual([
      { kind: 'external', status: 'accepted', justification: 'old; settings: roadcrew.yaml:3; until 2027-01-31' },
    ])
    const plain = runOf({ ...(await allSorts()), setAside: [] })
    expect(plain.results?.some((one) => 'suppressions' in one || 'baselineState' in one)).toBe(false)
  })

  it('tells what could not be read, and that it is not whole', async () => {
    const [invocation] = runOf(await allSorts()).invocations ?? []
    expect(invocation).toMatchObject({ executionSuccessful: false, exitCode: 2 })
    expect(invocation?.toolExecutionNotifications?.map(({ level, message }) => `${level} ${message.text}`)).toEqual([
      'error hall: Lamp ns/e: too dark',
      'error cellar: everything in it: no stairs',
      'note passed over: Helm template, 12 files, such as charts/<x>.yaml; helm template charts/x renders them',
      'note passed over: values of a chart, 1 file, such as values.yaml',
      expect.stringMatching(/^warning roadcrew\.yaml:9: it ends in 3 days: /),
    ])
    const read = runOf({ ...(await allSorts()), unread: [], summary: { ...(await allSorts()).summary, exitCode: 1 } })
    expect(read.invocations?.[0]?.executionSuccessful).toBe(true)
  })

  it('is never longer than what GitHub takes, and says how much it left out', async () => {
    const report = await allSorts()
    const [first] = report.findings
    if (!first) throw new Error('nothing was found')
    const log = JSON.parse(
      sarifReport({ ...report, findings: Array.from({ length: 25_000 }, () => first) }, '/'),
    ) as Log
    const [run] = log.runs
    expect(run?.results).toHaveLength(25_000)
    expect(run?.invocations?.[0]?.toolExecutionNotifications?.at(-1)?.message.text).toContain('3 results more')
  })

  it.each([
    ['broken', 'critical', 'error'],
    ['will-break', 'high', 'error'],
    ['will-break', 'medium', 'warning'],
    ['broken', 'low', 'note'],
    ['advice', 'critical', 'note'],
  ] as const)('%s, %s: %s', (tier, severity, level) => expect(sarifLevel({ tier, severity })).toBe(level))
})
