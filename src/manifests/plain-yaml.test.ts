import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from '../contract/hazard.ts'
import { toJson } from './convert.ts'
import { splitDocuments } from './documents.ts'
import { readPlainYaml } from './plain-yaml.ts'
import { compose } from './yaml.ts'

/** What the syntax tree says; 'not valid' if it says that. */
const byTree = (text: string): Json | 'not valid' => {
  const tree = compose(text)
  if (tree?.errors.length !== 0) return 'not valid'
  try {
    return toJson(tree)
  } catch {
    return 'not valid'
  }
}

const folder = join(import.meta.dirname, 'fixtures')
const documents = readdirSync(folder)
  .filter((name) => name.endsWith('.yaml'))
  .flatMap((name) => [...splitDocuments(readFileSync(join(folder, name), 'utf8'))].map(({ text }) => text))

describe('plain YAML', () => {
  it('is what most documents are', () => {
    const plain = documents.filter((text) => readPlainYaml(text) !== undefined)
    expect(plain.length).toBeGreaterThan(documents.length / 2)
  })

  it.each([
    ['an alias', 'a: &a b\nc: *a\n'],
    ['a merge key', 'a: {<<: {b: c}}\n'],
    ['a tag', 'a: !!str 1\n'],
    ['null as a key', '~: 1\n'],
    ['a list as a key', '[a]: 1\n'],
    ['a directive', '%YAML 1.2\n---\na: b\n'],
    ['nothing', ''],
    ['a tab as indent', 'a:\n\tb: c\n'],
    ['two documents', 'a: b\n---\nc: d\n'],
  ])('leaves %s to the tree', (_, text) => expect(readPlainYaml(text)).toBeUndefined())

  it('says the same as the tree, or nothing, of any piece of a manifest that lost, got or swapped something', () => {
    const inserted = fc.constantFrom(
      ' ',
      '\n',
      ': ',
      '- ',
      '"',
      "'",
      '#',
      '|\n',
      '>-\n',
      '[',
      '}',
      ',',
      '?',
      '&a ',
      '\t',
      '\r',
    )
    fc.assert(
      fc.property(fc.constantFrom(...documents), fc.array(fc.tuple(fc.nat(), inserted, fc.nat(3))), (text, changes) => {
        let changed = text
        for (const [nat, more, cut] of changes) {
          const at = nat % (changed.length + 1)
          changed = changed.slice(0, at) + more + changed.slice(at + cut)
        }
        const plain = readPlainYaml(changed)
        if (plain !== undefined) expect(byTree(changed)).toEqual(plain)
      }),
      { numRuns: Number(process.env.FC_RUNS ?? 1000) },
    )
  })
})
