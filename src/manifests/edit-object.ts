// Edits one object's text in place: comments, order and quoting stay, only the lines that change are touched.
import type { Change, Json } from '../contract/hazard.ts'
import { applyChanges, sameValue, valueAt } from '../objects/changes.ts'
import { spliceFor } from './edit-splice.ts'
import type { Writing } from './edit-writing.ts'
import { readDocument } from './read-document.ts'
import { compose, Unreadable } from './yaml.ts'

/**
 * Makes changes in the text of one object (YAML or JSON). What was written is read again and has to be what was meant: whatever
 * a text may hold, it is never left saying something else.
 * @returns the new text, or why it is left as it is.
 */
export function editObject(
  text: string,
  changes: readonly Change[],
  writing: Writing,
): { readonly text: string } | { readonly held: string } {
  const object = valueIn(text)
  if (object === undefined) return { held: "it can't be read by itself" }
  const applied = applyChanges(object, changes)
  if ('held' in applied) return applied
  let now = text
  let so: unknown = object
  for (const change of changes) {
    const next = applyChanges(so, [change])
    if ('held' in next) return next
    const written = writtenIn(now, change, next.object, writing)
    if ('held' in written) return written
    so = next.object
    now = written.text
  }
  return { text: now }
}

function writtenIn(
  text: string,
  change: Change,
  after: unknown,
  writing: Writing,
): { readonly text: string } | { readonly held: string } {
  const tree = compose(text)
  const splice = tree && spliceFor({ text, writing }, tree, change, after)
  const field = change.path.join('.')
  if (!splice) return { held: `${field} can't be changed in place: nothing would be left of what it is in` }
  const spliced = `${text.slice(0, splice.from)}${splice.text}${text.slice(splice.to)}`
  const read = valueIn(spliced)
  if (read !== undefined && isSame(read, after)) return { text: spliced }
  return { held: `${field} is shared with other places of its file, or written in an unusual way: change it by hand` }
}

const valueIn = (text: string): Json | undefined => {
  const value = readDocument(text)
  return value instanceof Unreadable ? undefined : value
}

/** To the last field: a field that is null is not the same as none where somebody's text is rewritten. */
const isSame = (a: unknown, b: unknown): boolean =>
  sameValue(a, b) && JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))

const sorted = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.keys(value)
      .toSorted()
      .map((key) => [key, sorted(valueAt(value, [key]))]),
  )
}
