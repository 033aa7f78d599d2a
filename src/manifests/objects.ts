// Which Kubernetes objects a document holds: itself, or the items of the list that it is.
import type { Json } from '../contract/hazard.ts'

export type JsonObject = { readonly [key: string]: Json }

/** What says of an object which kind it is. */
export interface Typed extends JsonObject {
  readonly apiVersion: string
  readonly kind: string
}

/** One object of a document, or why one cannot be read. `item`: its place in the list's `items`, counted from 0. */
export type Member = { readonly item?: number } & ({ readonly object: Typed } | { readonly because: string })

/** Whether a value is a JSON object: no array, not null. */
export const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Whether a value says which kind of Kubernetes object it is. */
export const isTyped = (value: Json | undefined): value is Typed =>
  isObject(value) && isName(value.apiVersion) && isName(value.kind)

const isName = (value: Json | undefined): boolean => typeof value === 'string' && value !== ''

/**
 * The objects of a document's value; undefined if it is none of Kubernetes (no apiVersion and kind). A `List` or
 * `<Kind>List` with an array `items` at its top gives its items, each with the list's kind (without `List`) and
 * apiVersion where it has none of its own (apimachinery's `unstructured.decodeToList`); a kind such as `AllowList`
 * without that array is one object. Lists in lists and bare arrays of objects are refused, as kubectl does.
 */
export const membersOf = (value: Json): readonly Member[] | undefined => {
  if (Array.isArray(value)) return value.some(isTyped) ? [{ because: bareArray }] : undefined
  if (!isTyped(value)) return undefined
  const items = itemsOf(value)
  return items ? items.map((item, place) => memberOf(value, item, place)) : [{ object: value }]
}

const bareArray =
  'objects in a bare array, which kubectl refuses too: put them under "items" of an object with apiVersion v1 and kind List'

/** Whether an object is a list, so that its items are what counts. */
export const isList = (object: Typed): boolean => itemsOf(object) !== undefined

/** `items: null` is an empty list: Go writes it so. */
const itemsOf = (object: Typed): readonly Json[] | undefined => {
  const { items } = object
  if (!object.kind.endsWith('List') || items === undefined) return undefined
  if (items === null) return []
  return Array.isArray(items) ? items : undefined
}

/** One item of a list. */
export const memberOf = (list: Typed, value: Json, item: number): Member => {
  if (!isObject(value)) return { item, because: `an item of a ${list.kind} is no object: expected apiVersion and kind` }
  if (isTyped(value) && !value.kind.endsWith('List')) return { item, object: value }
  const kind = list.kind.slice(0, -'List'.length)
  const object: JsonObject = {
    ...(kind && isMissing(value.apiVersion) && { apiVersion: list.apiVersion }),
    ...(kind && isMissing(value.kind) && { kind }),
    ...withoutMissing(value),
  }
  if (!isTyped(object)) return { item, because: `an item of a ${list.kind} has no apiVersion or no kind: add them` }
  if (itemsOf(object))
    return { item, because: `a ${object.kind} within a ${list.kind}, which kubectl refuses too: take its items out` }
  return { item, object }
}

const isMissing = (value: Json | undefined): boolean => value === undefined || value === null || value === ''

const withoutMissing = (object: JsonObject): JsonObject => {
  if (!isMissing(object.apiVersion) && !isMissing(object.kind)) return object
  const { apiVersion, kind, ...rest } = object
  return { ...(!isMissing(apiVersion) && { apiVersion }), ...(!isMissing(kind) && { kind }), ...rest } as JsonObject
}
