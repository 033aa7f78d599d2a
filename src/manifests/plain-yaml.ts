// YAML without anchors, tags and merge keys, as nearly all manifests are, read by events: seven times as fast as by a
// syntax tree. Whatever else a document holds, and whatever is wrong with it, is left to the tree, which says where.
import {
  EVENT_ID,
  type Event,
  getScalarValue,
  type PopEvent,
  parseEvents,
  SCALAR_STYLE,
  type ScalarEvent,
} from 'js-yaml'
import type { Json } from '../contract/hazard.ts'
import { isObject } from './objects.ts'
import { detached, plainScalar } from './yaml.ts'

/** A collection that is open, and the key that waits for its value. */
type Open = { readonly list: Json[] } | { readonly map: Record<string, Json>; key: string | undefined }

/** What the libraries do not agree on: a return without a line feed, a tab as indent, a marker that is indented. */
const disputed = /\r(?!\n)|^ *\t|^[ \t]+(?:---|\.\.\.)/m

/**
 * The JSON value of one document's text.
 * @returns undefined if it is for the tree to tell: it is empty, not valid, nested too deeply, or no plain YAML.
 */
export const readPlainYaml = (text: string): Json | undefined => {
  if (disputed.test(text)) return undefined
  try {
    return rootOf(text, parseEvents(text, {}))
  } catch {
    return undefined
  }
}

const rootOf = (text: string, events: readonly Event[]): Json | undefined => {
  const [first, ...inner] = events
  if (first?.type !== EVENT_ID.DOCUMENT || first.directives.length > 0) return undefined
  // The document holds its root as a list holds its item, and is popped as one.
  const roots: Json[] = []
  const open: Open[] = [{ list: roots }]
  for (const event of inner) {
    if (event.type === EVENT_ID.POP) open.pop()
    else if (!take(text, event, open)) return undefined
  }
  // All else than an object is rare, and small.
  return roots.length === 1 && isObject(roots[0]) ? roots[0] : undefined
}

/** Takes a key or a value for the collection that is open; false if it is no plain YAML. */
const take = (text: string, event: Exclude<Event, PopEvent>, open: Open[]): boolean => {
  const within = open.at(-1)
  if (!within || event.type === EVENT_ID.DOCUMENT || event.type === EVENT_ID.ALIAS) return false
  if (event.tagStart !== -1 || event.anchorStart !== -1) return false
  if ('map' in within && within.key === undefined) {
    const key = event.type === EVENT_ID.SCALAR && !isMerge(text, event) ? scalarOf(text, event) : null
    if (key !== null) within.key = String(key)
    return key !== null
  }
  const { value, inner } = started(text, event)
  put(within, value)
  if (inner) open.push(inner)
  return true
}

const isMerge = (text: string, { style, valueStart, valueEnd }: ScalarEvent): boolean =>
  style === SCALAR_STYLE.PLAIN && valueEnd - valueStart === 2 && text.startsWith('<<', valueStart)

type Valued = ScalarEvent | Extract<Event, { type: typeof EVENT_ID.SEQUENCE | typeof EVENT_ID.MAPPING }>

const started = (text: string, event: Valued): { readonly value: Json; readonly inner?: Open } => {
  if (event.type === EVENT_ID.SCALAR) return { value: scalarOf(text, event) }
  if (event.type === EVENT_ID.SEQUENCE) {
    const list: Json[] = []
    return { value: list, inner: { list } }
  }
  const map: Record<string, Json> = {}
  return { value: map, inner: { map, key: undefined } }
}

const put = (within: Open, value: Json): void => {
  if ('list' in within) {
    within.list.push(value)
    return
  }
  const { map, key = '' } = within
  within.key = undefined
  if (key === '__proto__')
    Object.defineProperty(map, key, { value, enumerable: true, writable: true, configurable: true })
  else map[key] = value
}

const scalarOf = (text: string, event: ScalarEvent): Json => {
  const value = event.valueStart === -1 ? '' : getScalarValue(text, event)
  return event.style === SCALAR_STYLE.PLAIN ? plainScalar(value) : detached(value)
}
