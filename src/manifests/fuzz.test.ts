// The reader against whatever a file can hold: it throws nothing, hangs on nothing and loses nothing. A few thousand inputs
// in each run of the tests; FC_RUNS=25000 makes it 100,000 (CONTRIBUTING.md).
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import type { Json } from '../contract/hazard.ts'
import { valueAt } from '../objects/changes.ts'
import { parseDocuments } from './parse.ts'
import { placesIn } from './place.ts'
import { decode } from './text.ts'

const runs = Number(process.env.FC_RUNS ?? 500)
const timeout = 60_000 + runs * 100
/** µs of the processor's time: a busy machine is no fault. */
const longest = 1_000_000

const folder = join(import.meta.dirname, 'fixtures')
const fixtures = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'))

const neighbour = (name: string): string => `apiVersion: v1\nkind: Neighbour\nmetadata: {name: ${name}}\n`

/** Reads a text, and looks at the place of each object and of whatever is broken. @returns the names of the objects. */
function read(text: string): { readonly names: readonly unknown[]; readonly broken: readonly string[] } {
  const began = process.cpuUsage()
  const entries = [...parseDocuments(text, 'f')]
  const placeOf = placesIn(text)
  const lines = text.split('\n')
  const inText = (line: number, column: number): void => {
    if (line <= lines.length && column <= (lines[line - 1] ?? '').length + 1) return
    throw new Error(`${line}:${column} is not in the text`)
  }
  for (const entry of entries) {
    if ('because' in entry) {
      const [, line, column] = /^f:(\d+):(\d+)$/.exec(entry.place) ?? []
      inText(Number(line), Number(column))
      if (/undefined|BigInt|call stack|Cannot read/.test(entry.because)) throw new Error(entry.because)
    } else if ('object' in entry) {
      for (const path of [[], ['metadata', 'name'], ['spec', 'template', 'spec', 'containers', 0], ['kind', 'x']]) {
        const { line, column } = placeOf(entry, path)
        inText(line, column)
      }
    }
  }
  expect(process.cpuUsage(began).user).toBeLessThan(longest)
  return {
    names: entries.flatMap((entry) => ('object' in entry ? [valueAt(entry.object, ['metadata', 'name'])] : [])),
    broken: entries.flatMap((entry) => ('because' in entry ? [entry.because] : [])),
  }
}

const between = (text: string): string => `${neighbour('before')}---\n${text}\n---\n${neighbour('after')}`

const pieces = fc.constantFrom(
  ...[
    'a',
    ':',
    ': ',
    ' ',
    '  ',
    '- ',
    '\n',
    '\r\n',
    '\r',
    '\t',
    '{',
    '}',
    '[',
    ']',
    ',',
    '"',
    "'",
    '\\',
    '#',
    ' #',
    '&a ',
    '*a',
  ],
  ...[
    '<<: ',
    '|',
    '>',
    '|2-\n',
    '---\n',
    '--- ',
    '...\n',
    '%YAML 1.2\n',
    '? ',
    '!!str ',
    '!x ',
    '~',
    '\uFEFF',
    '\u2028',
    '\0',
  ],
  ...[
    '9'.repeat(40),
    '0x',
    '1e999',
    '-',
    'kind: List\n',
    'items:\n',
    'apiVersion: v1\n',
    '"items": [',
    '{{ .x }}',
    '{}{}',
    'é😀',
  ],
)

describe('whatever stands between two objects, they are read', () => {
  it('any text', { timeout }, () =>
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(pieces, { maxLength: 40 }).map((all) => all.join('')),
          fc.string({ unit: 'binary' }),
        ),
        (text) => {
          const { names } = read(between(text))
          expect(names[0]).toBe('before')
          expect(names.at(-1)).toBe('after')
        },
      ),
      { numRuns: runs },
    ),
  )

  it('a manifest that was cut, doubled, or got something in it', { timeout }, () => {
    const change = fc.tuple(fc.nat(), fc.nat({ max: 60 }), fc.oneof(pieces, fc.constant('cut'), fc.constant('double')))
    fc.assert(
      fc.property(fc.constantFrom(...fixtures), fc.array(change, { minLength: 1, maxLength: 5 }), (text, changes) => {
        let changed = text
        for (const [nat, length, what] of changes) {
          const at = nat % (changed.length + 1)
          const piece = changed.slice(at, at + length)
          const put = what === 'cut' ? '' : what === 'double' ? piece + piece : what
          changed = changed.slice(0, at) + put + changed.slice(at + (what === 'cut' || what === 'double' ? length : 0))
        }
        const { names } = read(between(changed))
        expect(names[0]).toBe('before')
        expect(names.at(-1)).toBe('after')
      }),
      { numRuns: runs },
    )
  })

  it('bytes of which some were flipped', { timeout }, () =>
    fc.assert(
      fc.property(
        fc.constantFrom(...fixtures),
        fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 4 }),
        (text, flips) => {
          const bytes = Buffer.from(text)
          for (const [nat, byte] of flips) bytes[nat % bytes.length] = byte
          let decoded: string | undefined
          try {
            decoded = decode(bytes)
          } catch (error) {
            expect(String(error)).toMatch(/not valid for encoding|NUL byte/)
          }
          if (decoded !== undefined) read(decoded)
        },
      ),
      { numRuns: runs },
    ),
  )
})

const word = fc.stringMatching(/^[a-z][a-zA-Z0-9]{0,8}$/)
const scalar = fc.oneof(
  // Of blanks alone the YAML library writes a block that is empty, for itself and for kubectl.
  fc.string({ maxLength: 20 }).map((one) => one.replaceAll('\r', '').replace(/^\s+$/, 'x')),
  fc.constantFrom(
    '---\n',
    '- a\n- b\n',
    'on',
    '012',
    '1e3',
    '~',
    '<<',
    '{{ x }}',
    'a: b',
    '# a',
    ' a ',
    '\ta',
    '"',
    'é😀',
    '...\n',
  ),
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
)
const { value } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    scalar,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.oneof(word, fc.constantFrom('a.b/c', 'on', '8', 'é')), tie('value'), { maxKeys: 4 }),
  ),
}))

interface Style {
  readonly write: (objects: readonly Json[]) => string
}

const yaml = (object: Json, more = {}): string => stringify(object, { version: '1.1', ...more })
const many = (write: (object: Json) => string): Style => ({ write: (objects) => objects.map(write).join('---\n') })
const list = (write: (object: Json) => string): Style => ({
  write: (items) => write({ apiVersion: 'v1', kind: 'List', items: [...items] }),
})
const styles: readonly Style[] = [
  many((object) => yaml(object)),
  many((object) => yaml(object).replaceAll('\n', '\r\n')),
  many((object) => `\uFEFF# a comment\n${yaml(object, { collectionStyle: 'flow' })}`),
  many((object) => yaml(object, { defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN' })),
  many((object) => yaml(object, { defaultStringType: 'QUOTE_SINGLE', lineWidth: 30 })),
  many((object) => yaml(object, { defaultStringType: 'BLOCK_LITERAL', defaultKeyType: 'PLAIN', indentSeq: false })),
  many((object) => `${JSON.stringify(object)}\n`),
  many((object) => `${JSON.stringify(object, undefined, 3)}\n`),
  { write: (objects) => objects.map((object) => JSON.stringify(object)).join('\n') },
  list((object) => yaml(object)),
  list((object) => yaml(object, { indentSeq: false })),
  list((object) => JSON.stringify(object)),
  list((object) => JSON.stringify(object, undefined, '\t')),
]

describe('whatever objects are written', () => {
  it('in any style, each comes out as it was, also behind a broken document', { timeout }, () => {
    const broken = fc.constantFrom(
      '',
      '',
      'a: [\n',
      'a: "b\n',
      'a:\n\tb: c\n',
      'a: *b\n',
      '}\n',
      '{"a": \n',
      'a: b: c\n',
    )
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(...styles),
        broken,
        (specs, { write }, bad) => {
          // The same part in all of them, so that the YAML library writes anchors and aliases.
          const labels = { app: 'shared' }
          const objects = specs.map((spec, n) => ({
            apiVersion: 'v1',
            kind: 'Any',
            metadata: { name: `a-${n}`, labels },
            spec,
            labels,
          }))
          const text = `${bad === '' ? '' : `${bad}---\n`}${write(objects)}`
          const { broken: told } = read(text)
          const found = [...parseDocuments(text, 'f')].flatMap((entry) => ('object' in entry ? [entry.object] : []))
          expect(found).toEqual(objects)
          expect(told).toHaveLength(bad === '' ? 0 : 1)
        },
      ),
      { numRuns: runs },
    )
  })
})
