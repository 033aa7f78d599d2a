import type { Change, Path } from '../contract/hazard.ts'

/** An operation of a JSON patch (RFC 6902). */
export type Operation = {
  readonly op: 'test' | 'add' | 'replace' | 'remove'
  readonly path: string
  readonly value?: unknown
}

/** A change as operations, of which the first tests that the field is as it was when the change was thought of. */
export function operationsOf({ path, before, after }: Change): Operation[] {
  const at = pointer(path)
  if (before === undefined) return [{ op: 'add', path: at, value: after }]
  const change: Operation = after === undefined ? { op: 'remove', path: at } : { op: 'replace', path: at, value: after }
  return [{ op: 'test', path: at, value: before }, change]
}

/** RFC 6901. */
const pointer = (path: Path): string =>
  path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
