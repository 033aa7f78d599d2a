// PolicyReport objects as a user applies them: a real API server checks them, and keeps all of them.
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { anyReport } from '../house/any-report.ts'
import { type Lab, startLab } from '../src/lab/lab.ts'
import { allSorts } from '../src/report/fixtures/all-sorts.ts'
import { policyReportCrds } from '../src/report/fixtures/policy-report-crds.ts'
import { policyReports } from '../src/report/policyreport.ts'
import { kubectl, kubectlOrSkip } from './kubectl.ts'
import { controlPlaneOrSkip } from './require-control-plane.ts'

interface Kept {
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly summary: object
  readonly results: readonly object[]
}

describe.skipIf(kubectlOrSkip() || controlPlaneOrSkip())('policy reports in a real cluster', () => {
  let lab: Lab

  beforeAll(async () => {
    lab = await startLab(new AbortController().signal)
    for (const crd of policyReportCrds)
      await lab.send('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd)
    await lab.send('POST', '/api/v1/namespaces', { metadata: { name: 'ns' } })
    kubectl(lab.kubeconfig, ['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s'])
  })
  afterAll(() => lab?.stop())

  const apply = (text: string): string => kubectl(lab.kubeconfig, ['apply', '-f', '-'], text)

  /** The objects of a text. */
  const objectsIn = (text: string): Kept[] => parseAllDocuments(text).map((document) => document.toJS() as Kept)

  /** Each object as it was written, and as the API server has it now. */
  const bothOf = (text: string): Promise<(readonly [Kept, Kept])[]> =>
    Promise.all(
      objectsIn(text).map(async (own) => {
        const { name, namespace } = own.metadata
        const where = namespace === undefined ? '' : `namespaces/${namespace}/`
        const path = `/apis/wgpolicyk8s.io/v1alpha2/${where}${own.kind.toLowerCase()}s/${name}`
        return [own, (await lab.send('GET', path)) as Kept] as const
      }),
    )

  it('are applied with kubectl, nothing of them is dropped, and once more changes nothing', async () => {
    const text = policyReports(await allSorts())
    expect(apply(text).match(/created/g)).toHaveLength(4)
    for (const [own, kept] of await bothOf(text)) {
      expect(kept.results).toEqual(own.results)
      expect(kept.summary).toEqual(own.summary)
      expect(kept.metadata.annotations).toMatchObject(own.metadata.annotations ?? {})
    }
    expect(apply(text).match(/unchanged/g)).toHaveLength(4)
  })

  it('are too large for one object, and applied as several', async () => {
    const made = await allSorts()
    const [first] = made.findings
    if (!first) throw new Error('nothing was found')
    const text = policyReports({ ...made, findings: Array.from({ length: 2_000 }, () => first) })
    apply(text)
    const inNamespace = (await bothOf(text)).filter(([{ kind }]) => kind === 'PolicyReport')
    expect(inNamespace.length).toBeGreaterThan(3)
    for (const [own, kept] of inNamespace) expect(kept.results).toEqual(own.results)
  })

  it('are refused by this API server if a value is none of those that the API has', async () => {
    const text = policyReports(await allSorts()).replace('result: "fail"', 'result: "broken"')
    expect(() => apply(text)).toThrow(/Unsupported value: "broken"/)
  })

  it('are taken whatever the texts are', async () => {
    const texts = fc.sample(anyReport, { numRuns: 12, seed: 20261123 }).map(policyReports)
    const namespaces = new Set<string>()
    for (const text of texts.filter((one) => !one.startsWith('#'))) {
      for (const { metadata } of objectsIn(text)) {
        if (metadata.namespace === undefined || namespaces.has(metadata.namespace)) continue
        namespaces.add(metadata.namespace)
        await lab.send('POST', '/api/v1/namespaces', { metadata: { name: metadata.namespace } })
      }
      apply(text)
      for (const [own, kept] of await bothOf(text)) expect(kept.results).toEqual(own.results)
    }
  })
})
