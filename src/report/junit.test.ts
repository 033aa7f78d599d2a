import fc from 'fast-check'
import { XmlDocument, type XmlElement } from 'libxml2-wasm'
import { describe, expect, it } from 'vitest'
import { anyReport } from '../../house/any-report.ts'
import { allSorts, nasty } from './fixtures/all-sorts.ts'
import { report } from './fixtures/lamps.ts'
import { junitReport } from './junit.ts'
import type { Tier } from './tiers.ts'

/** What a path finds in a document, read by libxml2, each as `ask` says. */
function elements<T>(xml: string, path: string, ask: (element: XmlElement) => T): T[] {
  const document = XmlDocument.fromString(xml)
  try {
    return document.find(path).map((node) => ask(node as XmlElement))
  } finally {
    document.dispose()
  }
}

const attribute = (element: XmlElement, name: string): string | undefined => element.attr(name)?.value

const casesOf = (xml: string): string[] =>
  elements(xml, '//testcase', (one) => {
    const outcome = one.find('*').map((node) => (node as XmlElement).name)
    return `${attribute(one, 'classname')}: ${attribute(one, 'name')}${outcome.length > 0 ? `: ${outcome.join()}` : ''}`
  })

describe('the report as JUnit XML', () => {
  it('has a suite for each hazard with a case for each finding, and one for what was not looked at', async () => {
    const xml = junitReport(await allSorts(), 'will-break')
    expect(elements(xml, '//testsuite', (one) => attribute(one, 'name'))).toEqual(['dark-lamp', 'not looked at'])
    expect(casesOf(xml)).toEqual([
      'roadcrew.dark-lamp.dark: Lamp ns/a in hall: failure',
      `roadcrew.dark-lamp.dark: Lamp ns/${nasty} in hall: failure`,
      `roadcrew.dark-lamp.dark: Lamp ns/${nasty} in hall (2): failure`,
      'roadcrew.dark-lamp.dim: Lamp ns/b in hall: failure',
      'roadcrew.dark-lamp.dark: Lamp ns/d in hall: skipped',
      'roadcrew.dark-lamp.dark: Lamp ns/known in hall: skipped',
      'roadcrew.dark-lamp.dark: Lamp ns/spared in hall: skipped',
      'roadcrew.dark-lamp.dark: Lamp ns/left in hall: skipped',
      'roadcrew.dark-lamp: hall: Lamp ns/e: error',
      'roadcrew.not-read: cellar: everything in it: error',
      'roadcrew.passed-over: Helm template: skipped',
      'roadcrew.passed-over: values of a chart: skipped',
    ])
  })

  it('tells of a failure what, where, by which evidence, and what mends it', async () => {
    const xml = junitReport(await allSorts(), 'will-break')
    const [failure] = elements(xml, '//testcase[@line="3"]/failure', (one) => ({
      type: attribute(one, 'type'),
      message: attribute(one, 'message'),
      text: one.content,
    }))
    expect(failure).toMatchObject({ type: 'will-break/dim', message: 'it is dark' })
    for (const part of [
      'some folder/ü#1.yaml:3:5',
      '{"rated":"10A"}',
      'edit Lamp ns/b: spec.lit: true',
      'Light it more.',
    ])
      expect(failure?.text).toContain(part)
    expect(elements(xml, '//testcase[@line="3"]', (one) => attribute(one, 'file'))).toEqual(['some folder/ü#1.yaml'])
  })

  it.each([
    ['broken', 3],
    ['will-break', 4],
    ['advice', 5],
  ] as const)('with --fail-on %s has %d failures', async (failOn: Tier, failures) => {
    const xml = junitReport(await allSorts(), failOn)
    expect(elements(xml, '//failure', () => 1)).toHaveLength(failures)
    expect(
      elements(xml, '/testsuites', (one) => ['tests', 'failures', 'errors'].map((name) => attribute(one, name))),
    ).toEqual([['12', String(failures), '2']])
  })

  it('says why a finding is skipped', async () => {
    const messages = elements(junitReport(await allSorts(), 'will-break'), '//skipped', (one) =>
      attribute(one, 'message'),
    )
    expect(messages).toEqual([
      'advice, below --fail-on will-break: it is dark',
      'set aside by baseline (roadcrew-baseline.json)',
      `set aside by annotation (roadcrew.dev/ignore of Lamp ns/spared): ${nasty}`,
      'set aside by settings (roadcrew.yaml:3): old, until 2027-01-31',
      '12 files, such as charts/<x>.yaml; helm template charts/x renders them',
      '1 file, such as values.yaml',
    ])
  })

  it('passes a hazard of which nothing was found, and says if not all was read', async () => {
    expect(casesOf(junitReport(await report([]), 'advice'))).toEqual(['roadcrew.dark-lamp: nothing found'])
    const lost = await report([{ name: 'cellar', because: 'no stairs' }])
    expect(casesOf(junitReport(lost, 'advice'))).toEqual([
      'roadcrew.dark-lamp: nothing found in what was read',
      'roadcrew.not-read: cellar: everything in it: error',
    ])
  })

  it('is XML for whatever texts, and each of its cases has a name of its own', () => {
    fc.assert(
      fc.property(anyReport, (any) => {
        const xml = junitReport(any, 'will-break')
        const names = elements(xml, '//testsuite', (suite) =>
          suite
            .find('testcase')
            .map((one) => JSON.stringify(['classname', 'name'].map((name) => attribute(one as XmlElement, name)))),
        )
        for (const suite of names) expect(new Set(suite).size).toBe(suite.length)
        expect(names.flat().length).toBeGreaterThanOrEqual(any.findings.length + any.setAside.length)
      }),
    )
  })
})
