import type { ObjectMeta } from 'kubernetes-types/meta/v1.js'

/** The key of an object among those of its kind, and of all that belongs to it: `namespace/name`. */
export const keyOf = (namespace: string | undefined, name: string | undefined): string =>
  `${namespace ?? ''}/${name ?? ''}`

/** The name of the object of a kind that made this one; undefined if none did. */
export const makerOf = (metadata: ObjectMeta | undefined, kind: string): string | undefined =>
  metadata?.ownerReferences?.find((reference) => reference.kind === kind && reference.controller !== false)?.name

/** The key of the object of a kind that made this one: both are in one namespace. */
export function makerKey(metadata: ObjectMeta | undefined, kind: string): string | undefined {
  const name = makerOf(metadata, kind)
  return name === undefined ? undefined : keyOf(metadata?.namespace, name)
}
