import fc from 'fast-check'
import { expect, it } from 'vitest'
import { stringify } from 'yaml'
import type { Change, Json, Path } from '../contract/hazard.ts'
import { applyChanges, valueAt } from '../objects/changes.ts'
import { editObject } from './edit-object.ts'
import { writingOf } from './edit-writing.ts'
import { readDocument } from './read-document.ts'
import { Unreadable } from './yaml.ts'

const word = fc.oneof(
  fc.constantFrom('on', '0 * * * *', '15', '25%', 'a: b', '# no', 'x y', '-', 'null', '0x1f', '012', '~', '*x', "it's"),
  fc.string({ maxLength: 8 }),
)
const scalar = fc.oneof(word, fc.integer(), fc.boolean())
const key = fc.oneof(fc.stringMatching(/^[a-z][a-zA-Z]{0,6}$/), fc.constantFrom('app.kubernetes.io/name', 'on', '8080'))
const { value } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    scalar,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
}))
const object = fc.dictionary(key, value, { minKeys: 1, maxKeys: 5, noNullPrototype: true })

const style = fc.record({
  indent: fc.constantFrom(2, 3, 4),
  indentSeq: fc.boolean(),
  singleQuote: fc.constantFrom(true, null),
  collectionStyle: fc.constantFrom('any' as const, 'flow' as const),
  flowCollectionPadding: fc.boolean(),
})

/** A comment of its own above each line, in its column, and one beside it, where the line is whole by itself. */
const commented = (text: string): string =>
  text
    .split('\n')
    .flatMap((line, place) =>
      /^ *[^\s#]/.test(line) ? [line.replace(/\S.*/, `# of ${place}`), `${line} # beside ${place}`] : [line],
    )
    .join('\n')

/** Every place of a value, and a new key of each map. */
const pathsOf = (of: unknown, at: Path = []): Path[] => {
  if (Array.isArray(of)) return of.flatMap((one, place) => [[...at, place], ...pathsOf(one, [...at, place])])
  if (typeof of !== 'object' || of === null) return []
  const own = Object.keys(of).flatMap((name) => [[...at, name], ...pathsOf(valueAt(of, [name]), [...at, name])])
  return [...own, [...at, 'newKey']]
}

it('writes what was meant, whatever stood there, and keeps the comments', () => {
  const json = fc.record({ json: fc.constantFrom(undefined, 2, 4, '\t') })
  fc.assert(
    fc.property(
      object,
      fc.oneof(style, json),
      fc.nat(),
      value,
      fc.boolean(),
      fc.boolean(),
      (made, how, which, given, takes, windows) => {
        const isJson = 'json' in how
        const plain = isJson
          ? JSON.stringify(made, undefined, how.json)
          : stringify(made, { ...how, version: '1.1', lineWidth: 0 })
        // A text of several lines has lines in it that are none of YAML's.
        const mayComment = !isJson && !/[|>][-+\d]*\n/.test(plain)
        const unix = mayComment ? commented(plain) : plain
        const text = windows ? unix.replaceAll('\n', '\r\n') : unix
        const before = readDocument(text)
        fc.pre(before !== undefined && !(before instanceof Unreadable))
        const paths = pathsOf(before)
        const path = paths[which % paths.length] as Path
        const old = valueAt(before, path) as Json | undefined
        const change: Change = { path, before: old, after: takes && old !== undefined ? undefined : given }
        const applied = applyChanges(before, [change])
        const answer = editObject(text, [change], writingOf(text, isJson))
        if ('held' in answer) {
          // Nothing may be left of an object of one key.
          expect(
            change.after === undefined && path.length === 1,
            `${answer.held}\n${text}\n${JSON.stringify(change)}`,
          ).toBe(true)
          return
        }
        expect({ object: readDocument(answer.text) }).toEqual(applied)
        const count = (some: string) => some.split(/# of \d+/).length
        // What is taken out or written anew takes the comments within it along.
        if (old === undefined && mayComment) expect(count(answer.text)).toBe(count(text))
      },
    ),
  )
})
