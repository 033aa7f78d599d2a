// Changes of JSON objects as data: applied, recorded, compared as Kubernetes does.
import type { Change, Json, Path } from '../contract/hazard.ts'

type Container = { [key: string]: Json | undefined } | (Json | undefined)[]

const isContainer = (value: unknown): value is Container => typeof value === 'object' && value !== null

const step = (value: unknown, key: string | number): unknown =>
  isContainer(value) ? (value as { [key: string | number]: unknown })[key] : undefined

/** The value at a path; undefined where the path leaves the object. */
export const valueAt = (object: unknown, path: Path): unknown => path.reduce(step, object)

/** Whether two JSON values are the same; a missing value and null are (a null field is an unset one to Kubernetes). */
export function sameValue(a: unknown, b: unknown): boolean {
  if (!isContainer(a) || !isContainer(b)) return (a ?? null) === (b ?? null)
  if (Array.isArray(a) !== Array.isArray(b)) return false
  // Most have the same keys; what only the second has is looked at by itself.
  for (const key in a) if (!sameValue(step(a, key), step(b, key))) return false
  for (const key in b) if (!(key in a) && !sameValue(undefined, step(b, key))) return false
  return true
}

/**
 * Changes as they have to be recorded so that they can be undone: each at its topmost absent parent, as the changes
 * before it left the object, so that undoing leaves nothing like `lifecycle: {}` behind.
 */
export function recordedChanges(object: unknown, changes: readonly Change[]): Change[] {
  let at = object
  return changes.map((change, place) => {
    const recorded = atAbsentParent(at, change)
    const applied = place < changes.length - 1 ? applyChanges(at, [change]) : {}
    if ('object' in applied) at = applied.object
    return recorded
  })
}

function atAbsentParent(object: unknown, { path, before, after }: Change): Change {
  const depth = path.findIndex((_, place) => (valueAt(object, path.slice(0, place + 1)) ?? null) === null)
  if (before !== undefined || depth < 0 || depth === path.length - 1) return { path, before, after }
  const wrapped = path.slice(depth + 1).reduceRight<Json | undefined>(wrap, after)
  return { path: path.slice(0, depth + 1), before: undefined, after: wrapped }
}

const wrap = (inner: Json | undefined, key: string | number): Json =>
  typeof key === 'number' ? [inner ?? null] : { [key]: inner ?? null }

/**
 * Applies changes to a copy of an object, which shares with it all that does not change: whoever gets it must not write to it.
 * @returns the copy, or which field is no longer as it was when the change was thought of.
 */
export function applyChanges(object: unknown, changes: readonly Change[]): { object: unknown } | { held: string } {
  let at = object
  for (const { path, before, after } of changes) {
    if (!sameValue(valueAt(at, path), before)) {
      return { held: `${path.join('.')} is ${JSON.stringify(valueAt(at, path))}, expected ${JSON.stringify(before)}` }
    }
    at = withValue(at, path, after)
  }
  return { object: at }
}

/** A copy with another value at a path, for which what is on the way to it is copied too. */
function withValue(object: unknown, path: Path, value: Json | undefined, depth = 0): unknown {
  const key = path[depth]
  if (!isContainer(object)) throw new Error(`${path.slice(0, depth).join('.')} is no object`)
  if (key === undefined) throw new Error(`${path.join('.')} can't be set`)
  const copy: { [key: string | number]: unknown } | unknown[] = Array.isArray(object) ? [...object] : { ...object }
  const within = copy as { [key: string | number]: unknown }
  if (depth < path.length - 1) {
    const inner = within[key] ?? (typeof path[depth + 1] === 'number' ? [] : {})
    within[key] = withValue(inner, path, value, depth + 1)
  } else if (value !== undefined) within[key] = value
  else if (Array.isArray(copy)) copy.splice(Number(key), 1)
  else delete within[key]
  return copy
}
