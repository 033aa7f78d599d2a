import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import type { Json } from '../contract/hazard.ts'
import { parseDocuments } from './parse.ts'
import { placesIn } from './place.ts'
import { yamlList } from './yaml-list.ts'

const configMap = (n: number): Json => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: `a-${n}`, labels: { app: 'a' } },
  data: {
    text: '- one\n\n- two\nitems:\n- three\n---\n',
    more: 'x '.repeat(n % 90),
    list: ['- a', { b: 'c' }] as never,
  },
})
const items = Array.from({ length: 900 }, (_, n) => configMap(n))
const write = (list: Json): string => stringify(list, { version: '1.1', indentSeq: false })
const printed = write({ apiVersion: 'v1', items, kind: 'List', metadata: { resourceVersion: '' } })

const read = (text: string) => [...parseDocuments(text, 'a.yaml')]
const objects = (text: string) => read(text).map((one) => ('object' in one ? one.object : one))

describe('a long list in YAML', () => {
  it.each([
    ['as kubectl prints it', printed],
    ['with its head before it', write({ kind: 'List', apiVersion: 'v1', items })],
    ['with the line ends of Windows', printed.replaceAll('\n', '\r\n')],
    ['after a marker and a comment', `# exported\n---\n${printed}`],
  ])('%s gives its items one by one, as parsed at once', (_, text) => {
    expect(yamlList(text)?.items.length).toBe(items.length)
    expect(objects(text)).toEqual(items)
    expect(read(text)[899]).toMatchObject({ document: 0, item: 899 })
  })

  it.each([
    ['indented', stringify({ apiVersion: 'v1', kind: 'List', items })],
    ['in braces', JSON.stringify({ apiVersion: 'v1', kind: 'List', items })],
  ])('%s is read as a whole', (_, text) => {
    expect(yamlList(text)).toBeUndefined()
    expect(objects(text)).toEqual(items)
  })

  it('whose items share an anchor is read as a whole', () => {
    const text = printed
      .replace('labels:\n      app: a\n', 'labels: &labels\n      app: a\n')
      .replace(/(name: a-899\n {4}labels:)\n {6}app: a\n/, '$1 *labels\n')
    expect(text).not.toBe(printed)
    expect(objects(text)).toEqual(items)
  })

  it('loses no item but the broken one, and says where that is', () => {
    const line = printed.split('\n').findIndex((one) => one.includes('name: a-450')) + 1
    const found = read(printed.replace('name: a-450', 'name: "a-450'))
    expect(found.filter((one) => 'object' in one)).toHaveLength(899)
    expect(found.filter((one) => 'because' in one)).toEqual([
      { place: expect.stringMatching(/^a\.yaml:\d+:\d+$/), because: expect.stringContaining('not valid YAML') },
    ])
    expect(line).toBeGreaterThan(1)
  })

  it('has places for what stands in its items, and outside of them', () => {
    const lines = printed.split('\n')
    const placeOf = placesIn(printed)
    for (const item of [0, 7, 899]) {
      const { line, column } = placeOf({ document: 0, item }, ['metadata', 'name'])
      expect(lines[line - 1]?.slice(column - 1)).toBe(`name: a-${item}`)
    }
    const { line, column } = placeOf({ document: 0 }, ['kind'])
    expect(lines[line - 1]?.slice(column - 1)).toBe('kind: List')
  })
})

describe('a document of YAML that is larger than any object can be', () => {
  const huge = `a:\n${'  - some text\n'.repeat(700_000)}`

  it('is refused if it may be one, with what to do, and hides no others', () => {
    const text = `apiVersion: v1\nkind: A\n${huge}---\napiVersion: v1\nkind: B\n`
    expect(read(text)).toEqual([
      { place: 'a.yaml:1:1', because: expect.stringContaining('export it as JSON (-o json)') },
      { object: { apiVersion: 'v1', kind: 'B' }, document: 1 },
    ])
  })

  it('is passed over if it can be none', () => {
    expect(read(huge)).toEqual([{ passedOver: 0, value: null }])
  })
})
