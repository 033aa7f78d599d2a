// What a scan says of files as people really have them: empty documents, the line ends of Windows, anchors, lists of all
// sorts, numbers that overflow, nulls and tabs.
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { testIo } from '../../integration/test-io.ts'
import { scan } from './scan.ts'
import { plainScan } from './scan-options.ts'

const fixtures = join(import.meta.dirname, '../manifests/fixtures/')
const io = testIo({ now: () => Date.parse('2026-11-23T08:00:00Z') })

/** Which reasons were found of whom, what was not read and why, and the exit code. */
async function answer(name: string) {
  const report = await scan([join(fixtures, name)], { ...plainScan, output: [{ format: 'json' }] }, io)
  return {
    found: report.findings.map(({ subject, reason }) => `${subject.name}: ${reason}`).toSorted(),
    unread: report.unread.map(({ what, because }) => `${what.replace(fixtures, '')}: ${because}`),
    exitCode: report.summary.exitCode,
  }
}

describe('a scan of odd files', () => {
  it.each([
    'empty-documents.yaml',
    'anchors.yaml',
    'numbers.yaml',
    'wrong-types.yaml',
    'nulls.yaml',
    'list.yaml',
    'typed-list.yaml',
    'list.json',
    'typed-list.json',
    'no-list.yaml',
  ])('%s reads all of it and finds nothing', async (name) => {
    expect(await answer(name)).toEqual({ found: [], unread: [], exitCode: 0 })
  })

  it('with the line ends of Windows finds what it finds without them', async () => {
    const { found, unread } = await answer('windows-lines.yaml')
    expect(unread).toEqual([])
    expect(found).toEqual(['one: no-readiness-probe', 'one: no-wait'])
  })

  it('takes a deadline that no integer holds, or a negative one, for what the API server refuses', async () => {
    const { found, unread, exitCode } = await answer('overflow.yaml')
    expect(found.filter((one) => one.endsWith('invalid-deadline'))).toEqual([
      'big: invalid-deadline',
      'negative: invalid-deadline',
    ])
    expect({ unread, exitCode }).toEqual({ unread: [], exitCode: 1 })
  })

  it.each([
    ['tab.yaml', 'tab.yaml:20:1: not valid YAML: tabs are not allowed as indentation'],
    ['nested-list.yaml', 'nested-list.yaml:4:3: a List within a List, which kubectl refuses too: take its items out'],
    [
      'bare-array.json',
      'bare-array.json:1:1: objects in a bare array, which kubectl refuses too: put them under "items" of an object with apiVersion v1 and kind List',
    ],
  ])('%s ends with exit code 2 and says where, and why', async (name, because) => {
    expect(await answer(name)).toMatchObject({ unread: [because], exitCode: 2 })
  })
})
