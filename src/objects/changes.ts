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
 * Applies changes to a copy of an object.
 * @returns the copy, or which field is no longer as it was when the change was thought of.
 */
export function applyChanges(object: unknown, changes: readonly Change[]): { object: unknown } | { held: string } {
  const copy = structuredClone(object)
  for (const { path, before, after } of changes) {
    if (!sameValue(valueAt(copy, path), before)) {
      return { held: `${path.join('.')} is ${JSON.stringify(valueAt(copy, path))}, expected ${JSON.stringify(before)}` }
    }
    setAt(copy, path, after)
  }
  return { object: copy }
}

function setAt(object: unknown, path: Path, value: Json | undefined): void {
  let at = object
  path.slice(0, -1).forEach((key, place) => {
    if (!isContainer(at)) throw new Error(`${path.slice(0, place).join('.')} is no object`)
    const within = at as { [key: string | number]: unknown }
    within[key] ??= typeof path[place + 1] === 'number' ? [] : {}
    at = within[key]
  })
  const last = path.at(-1)
  if (!isContainer(at) || last === undefined) throw new Error(`${path.join('.')} can't be set`)
  if (value !== undefined) (at as { [key: string | number]: unknown })[last] = value
  else if (Array.isArray(at)) at.splice(Number(last), 1)
  else delete at[last]
}
