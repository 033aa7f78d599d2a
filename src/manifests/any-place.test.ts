import fc from 'fast-check'
import { expect, it } from 'vitest'
import { stringify } from 'yaml'
import type { Json, Path } from '../contract/hazard.ts'
import { placesIn } from './place.ts'

const key = fc.oneof(
  fc.stringMatching(/^[a-z][a-zA-Z0-9]{0,8}$/),
  fc.constantFrom('on', '8080', 'a.b/c', 'two words', 'é', ': #'),
)
const { value } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string({ maxLength: 90 }).map((one) => one.replaceAll('\r', '')),
    fc.constantFrom('---\n', 'a\n---\nb: c\n', '"}{', '\\"', 'x\n\n  y\n'),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(key, tie('value'), { maxKeys: 4 }),
  ),
}))

/** All paths in a value, outermost first. */
function* pathsIn(value: Json, above: Path = []): Generator<Path> {
  if (typeof value !== 'object' || value === null) return
  const steps = Array.isArray(value)
    ? value.map((inner: Json, at): [number, Json] => [at, inner])
    : Object.entries(value)
  for (const [step, inner] of steps) {
    yield [...above, step]
    yield* pathsIn(inner, [...above, step])
  }
}

const styles: readonly ((object: Json) => string)[] = [
  (object) => stringify(object, { version: '1.1' }),
  (object) => stringify(object, { version: '1.1' }).replaceAll('\n', '\r\n'),
  (object) => stringify(object, { version: '1.1', collectionStyle: 'flow' }),
  (object) => JSON.stringify(object),
  (object) => JSON.stringify(object, undefined, '\t'),
]

it('each key of any object, in any style, is where its place says', () => {
  fc.assert(
    fc.property(value, fc.constantFrom(...styles), (spec, write) => {
      // A document before it, and a list around it, as an export has.
      const text = `kind: Before\n---\n${write({ kind: 'List', items: [{ kind: 'Other' }, { spec }] })}`
      const lines = text.split('\n')
      const placeOf = placesIn(text)
      for (const path of pathsIn({ spec })) {
        const { line, column } = placeOf({ document: 1, item: 1 }, path)
        const step = path.at(-1)
        if (typeof step !== 'string') continue
        const pointed = (lines[line - 1] ?? '').slice(column - 1)
        const spellings = [step, JSON.stringify(step), `'${step}'`]
        expect(
          spellings.some((spelling) => pointed.startsWith(spelling)),
          `${JSON.stringify(path)} at "${pointed}"`,
        ).toBe(true)
      }
    }),
    { numRuns: 300 },
  )
})

it('each element of any list is where its place says', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer(), { maxLength: 8 }), fc.constantFrom(...styles), (numbers, write) => {
      const text = write({ kind: 'Any', spec: { numbers } })
      const placeOf = placesIn(text)
      for (const [at, number] of numbers.entries()) {
        const { line, column } = placeOf({ document: 0 }, ['spec', 'numbers', at])
        expect(Number.parseInt((text.split('\n')[line - 1] ?? '').slice(column - 1), 10)).toBe(number)
      }
    }),
  )
})
