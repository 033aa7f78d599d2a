import Ajv from 'ajv'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { anyReport } from '../../house/any-report.ts'
import { allSorts } from './fixtures/all-sorts.ts'
import { report } from './fixtures/lamps.ts'
import { policyReportSchema } from './fixtures/policy-report-crds.ts'
import { policyReports } from './policyreport.ts'
import type { Report } from './schema.ts'

interface PolicyReport {
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly summary: Readonly<Record<string, number>>
  readonly results: readonly {
    readonly policy: string
    readonly rule: string
    readonly result: string
    readonly severity?: string
    readonly message: string
    readonly resources?: readonly object[]
    readonly properties: Readonly<Record<string, string>>
  }[]
}

// A field that the API does not know would be dropped without a word: here it is an error.
const closed = JSON.parse(JSON.stringify(policyReportSchema), (_, value: unknown) => {
  const map = typeof value === 'object' && value !== null ? value : {}
  return 'properties' in map && 'type' in map ? { ...map, additionalProperties: false } : value
}) as { properties: object }
const isPolicyReport = new Ajv.default({ validateFormats: false }).compile({
  ...closed,
  properties: { ...closed.properties, metadata: { type: 'object' } },
})

function objectsOf(made: Report): PolicyReport[] {
  return parseAllDocuments(policyReports(made)).flatMap((document) => {
    expect(document.errors).toEqual([])
    const object: unknown = document.toJS()
    if (object === null) return []
    isPolicyReport(object)
    expect(isPolicyReport.errors).toBeNull()
    return [object as PolicyReport]
  })
}

describe('the report as PolicyReport objects', () => {
  it('has one object per namespace, and one for what is about none', async () => {
    const objects = objectsOf(await allSorts())
    expect(objects.map(({ kind, metadata, summary }) => [kind, metadata.namespace, summary])).toEqual([
      ['ClusterPolicyReport', undefined, { pass: 0, fail: 0, warn: 0, error: 0, skip: 2 }],
      ['ClusterPolicyReport', undefined, { pass: 0, fail: 0, warn: 0, error: 1, skip: 0 }],
      ['ClusterPolicyReport', undefined, { pass: 0, fail: 0, warn: 0, error: 1, skip: 0 }],
      ['PolicyReport', 'ns', { pass: 0, fail: 4, warn: 1, error: 0, skip: 3 }],
    ])
  })

  it('says of a finding which hazard, reason and object it is, and what mends it', async () => {
    const [first] = objectsOf(await allSorts()).at(-1)?.results ?? []
    expect(first).toEqual({
      ...{ source: 'roadcrew', policy: 'dark-lamp', rule: 'dark', category: 'Broken now', result: 'fail' },
      ...{ scored: true, severity: 'critical', timestamp: { seconds: 1795420800, nanos: 0 } },
      message: 'it is dark\nCure: kubectl patch lamp a -p \'{"spec":{"lit":true}}\'',
      resources: [{ kind: 'Lamp', namespace: 'ns', name: 'a' }],
      properties: expect.objectContaining({ cluster: 'hall', owner: 'house' }),
    })
  })

  it('says who set a finding aside, and does not count it', async () => {
    const aside =
      objectsOf(await allSorts())
        .at(-1)
        ?.results.filter(({ result }) => result === 'skip') ?? []
    expect(
      aside.map(({ properties: { setAsideBy, setAsideFor, setAsideUntil } }) => [
        setAsideBy,
        setAsideFor,
        setAsideUntil,
      ]),
    ).toMatchObject([
      ['baseline: roadcrew-baseline.json', undefined, undefined],
      ['annotation: roadcrew.dev/ignore of Lamp ns/spared', expect.stringContaining('<b>'), undefined],
      ['settings: roadcrew.yaml:3', 'old', '2027-01-31'],
    ])
  })

  it('says nothing but that where nothing was found', async () => {
    expect(policyReports(await report([]))).toBe('# Nothing was found, so there is nothing to report.\n')
  })

  it('keeps its names from scan to scan', async () => {
    const names = async () => objectsOf(await allSorts()).map(({ metadata }) => metadata)
    expect(await names()).toEqual(await names())
  })

  it('makes several objects where one would be too large for kubectl apply', async () => {
    const made = await allSorts()
    const [first] = made.findings
    if (!first) throw new Error('nothing was found')
    const objects = objectsOf({ ...made, findings: Array.from({ length: 2_000 }, () => first), setAside: [] })
    const inNamespace = objects.filter(({ kind }) => kind === 'PolicyReport')
    expect(inNamespace.length).toBeGreaterThan(3)
    for (const object of inNamespace) expect(JSON.stringify(object).length).toBeLessThan(262_144)
    expect(inNamespace.reduce((sum, { results }) => sum + results.length, 0)).toBe(2_000)
    const names = inNamespace.map(({ metadata }) => metadata.name)
    expect(new Set(names).size).toBe(names.length)
    expect(names.slice(0, 2)).toEqual([names[0], `${names[0]}-2`])
  })

  it('is valid for whatever texts, with names and namespaces that an API server takes', () => {
    fc.assert(
      fc.property(anyReport, (any) => {
        const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
        for (const { kind, metadata, results, summary } of objectsOf(any)) {
          expect(metadata.name).toMatch(label)
          expect(metadata.namespace === undefined || label.test(metadata.namespace)).toBe(true)
          expect(kind).toBe(metadata.namespace === undefined ? 'ClusterPolicyReport' : 'PolicyReport')
          expect(Object.values(summary).reduce((sum, n) => sum + n, 0)).toBe(results.length)
        }
      }),
    )
  })
})
