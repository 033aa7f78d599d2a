// Lists as kubectl writes them, read item by item: what nobody keeps of one is gone before the next is read, so that an
// export of 150 MB needs little more memory than its text.
import type { Json } from '../contract/hazard.ts'
import { looksLikeJson, readJson } from './json.ts'
import { isObject, type JsonObject } from './objects.ts'

/** A list's head without its items, and where in the text these are. */
export interface LongList {
  readonly head: JsonObject
  /** The items one after the other; undefined in the place of one that is not where it should be: then nothing follows. */
  items(): Generator<Json | undefined>
}

/** Smaller texts are parsed as fast in one go. */
const leastLength = 1_000_000

/** `"items": [`, a line end, and the white space in front of the first item. */
const opening = /"items": ?\[\r?\n([ \t]+)\{/

/**
 * Takes a JSON text for a list if it is printed with one value a line, as kubectl and JSON.stringify do: within strings no
 * line ends, so that a line with nothing but the indent of an item and its brace is that item's end.
 * @returns undefined if the text is short, or written in any other way.
 */
export function longList(text: string): LongList | undefined {
  if (text.length < leastLength || !looksLikeJson(text)) return undefined
  const found = opening.exec(text.slice(0, 10_000))
  const indent = found?.[1]
  if (!found || indent === undefined) return undefined
  const first = found.index + found[0].length - 1
  const ending = `\n${indent}}`
  const last = text.lastIndexOf(ending)
  const close = /^\s*\]/.exec(text.slice(last + ending.length, last + ending.length + 1000))
  if (last < first || !close) return undefined
  const start = text.slice(0, found.index)
  const rest = text.slice(last + ending.length + close[0].length)
  if (start.includes('"items"') || rest.includes('"items"')) return undefined
  const head = readJson(`${start}"items": []${rest}`)
  if (!isObject(head)) return undefined
  return { head, items: () => itemsOf(text, first, ending, last) }
}

function* itemsOf(text: string, first: number, ending: string, last: number): Generator<Json | undefined> {
  for (let from = first; ; ) {
    const at = text.indexOf(ending, from)
    const to = at + ending.length
    const item = readJson(text.slice(from, to))
    yield item
    if (item === undefined || at === last) return
    const next = /^,\s*/.exec(text.slice(to, to + 200))
    if (!next) {
      yield undefined
      return
    }
    from = to + next[0].length
  }
}
