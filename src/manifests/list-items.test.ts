import { describe, expect, it } from 'vitest'
import type { Json } from '../contract/hazard.ts'
import { longList } from './list-items.ts'
import { parseDocuments } from './parse.ts'

const filler = 'x'.repeat(2000)
const configMap = (n: number): Json => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: `a-${n}`, annotations: { note: '    }\\n        },', list: 'no "items": [ here' } },
  data: { filler, deep: `{"items": [\n    {\n    }\n]}` },
})
const items = Array.from({ length: 600 }, (_, n) => configMap(n))
const list = { apiVersion: 'v1', items, kind: 'List', metadata: { resourceVersion: '' } }

const read = (text: string) => [...parseDocuments(text, 'a.json')]
const names = (text: string) =>
  read(text).map((one) => ('object' in one ? (one.object.metadata as { name: string }).name : JSON.stringify(one)))

describe('a long list', () => {
  it.each([1, 2, 4, '\t'])('printed with %j as its indent gives the same objects as parsed at once', (indent) => {
    const text = JSON.stringify(list, undefined, indent)
    expect([...(longList(text)?.items() ?? [])]).toEqual(items)
    const found = read(text)
    expect(found.map((one) => ('object' in one ? one.object : one))).toEqual(items)
    expect(found[599]).toMatchObject({ document: 0, item: 599 })
  })

  it('may have its head behind its items, or before them', () => {
    const { kind, apiVersion } = list
    expect(longList(JSON.stringify({ items, kind, apiVersion }, undefined, 1))?.head).toEqual({
      items: [],
      kind,
      apiVersion,
    })
    expect(longList(JSON.stringify({ kind, apiVersion, items }, undefined, 1))?.head).toEqual({
      kind,
      apiVersion,
      items: [],
    })
  })

  it('is taken apart as a whole where it is printed in another way', () => {
    for (const text of [JSON.stringify(list), `---\n${JSON.stringify(list, undefined, 1)}`]) {
      expect(longList(text)).toBeUndefined()
      expect(names(text).length).toBe(600)
    }
    const twice = JSON.stringify(list, undefined, 1).replace('"kind": "List"', '"kind": "List",\n "items": [\n  {}\n ]')
    expect(longList(twice)).toBeUndefined()
  })

  it('with an item that stands elsewhere than its neighbours gives each once', () => {
    const printed = items.map((item) => JSON.stringify(item, undefined, 1).replace(/^/gm, '  '))
    printed[300] = '  {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a-300"\n  },\n  "data": {}}'
    const moved = `{\n "apiVersion": "v1",\n "kind": "List",\n "items": [\n${printed.join(',\n')}\n ]\n}`
    expect([...(longList(moved)?.items() ?? [])].at(-1)).toBeUndefined()
    expect(names(moved)).toEqual(items.map((_, n) => `a-${n}`))
  })

  it('keeps numbers that are too large, and names what is no object', () => {
    const text = JSON.stringify(list, undefined, 1)
      .replace('"name": "a-0"', '"name": "a-0",\n    "generation": 9007199254740993')
      .replace('"kind": "ConfigMap"', '"kind": "ConfigMap", "n": 1')
    const [first] = read(text)
    expect(first && 'object' in first ? first.object.metadata : first).toMatchObject({ generation: '9007199254740993' })
  })
})
