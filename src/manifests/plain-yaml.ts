// YAML without anchors, tags and merge keys, as nearly all manifests are, read by events: seven times as fast as by a
// syntax tree. Whatever else a document holds, and whatever is wrong with it, is left to the tree, which says where.
import { EVENT_ID, type Event, getScalarValue, parseEvents, SCALAR_STYLE, type ScalarEvent } from 'js-yaml'
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
    return valueOf(text, parseEvents(text, {}))
  } catch {
    return undefined
  }
}

const valueOf = (text: string, events: readonly Event[]): Json | undefined => {
  const open: Open[] = []
  let documents = 0
  let root: Json | undefined
  for (const event of events) {
    if (event.type === EVENT_ID.POP) {
      open.pop()
      continue
    }
    if (event.type === EVENT_ID.DOCUMENT) {
      documents += 1
      if (documents > 1 || event.directives.length > 0) return undefined
      // Popped as collections are.
      open.push({ list: [] })
      continue
    }
    if (event.type === EVENT_ID.ALIAS || event.tagStart !== -1 || event.anchorStart !== -1) return undefined
    const within = open.at(-1)
    if (!within) return undefined
    if ('map' in within && within.key === undefined) {
      const key = event.type === EVENT_ID.SCALAR ? scalarOf(text, event) : null
      if (key === null || isMerge(key, event)) return undefined
      within.key = String(key)
      continue
    }
    const { value, inner } = started(text, event)
    if (open.length === 1) root = value
    else put(within, value)
    if (inner) open.push(inner)
  }
  // All else is rare, and small.
  return isObject(root) ? root : undefined
}

const isMerge = (key: Json, event: Event): boolean =>
  key === '<<' && event.type === EVENT_ID.SCALAR && event.style === SCALAR_STYLE.PLAIN

type Valued = Exclude<Event, { type: typeof EVENT_ID.POP | typeof EVENT_ID.DOCUMENT | typeof EVENT_ID.ALIAS }>

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
