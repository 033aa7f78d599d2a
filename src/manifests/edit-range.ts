// Where in a file's text one object stands, so that it can be edited by itself.

import type { Document } from 'yaml'
import { isMap, isSeq } from 'yaml'
import { splitDocuments } from './documents.ts'
import { looksLikeJson, rangesInJson, readJson } from './json.ts'
import { compose, keyName } from './yaml.ts'

/** From `from` to `to` (UTF-16 code units). `indent`: in front of its first line stand so many columns that are not its own. */
export interface ObjectRange {
  readonly from: number
  readonly to: number
  readonly indent: number
  readonly json: boolean
}

interface Where {
  readonly document: number
  readonly item?: number
}

/**
 * Finds objects in a text without byte order marks: whole documents, or items of the lists that they are. Each document is parsed
 * once, for all of its items.
 */
export function objectRanges(text: string): (where: Where) => ObjectRange | undefined {
  const parts = [...splitDocuments(text)]
  const known = new Map<number, (item: number) => ObjectRange | undefined>()
  return ({ document, item }) => {
    const part = parts[document]
    if (!part) return undefined
    const json = looksLikeJson(part.text) && readJson(part.text) !== undefined
    if (item === undefined) return { from: part.start, to: part.start + part.text.length, indent: 0, json }
    const rangeOf = known.get(document) ?? (json ? inJson(part.text) : inYaml(part.text))
    known.set(document, rangeOf)
    const range = rangeOf(item)
    return range && { ...range, from: part.start + range.from, to: part.start + range.to }
  }
}

function inJson(text: string): (item: number) => ObjectRange | undefined {
  const rangeOf = rangesInJson(text)
  return (item) => {
    const range = rangeOf(['items', item])
    return range && { ...range, indent: columnAt(text, range.from), json: true }
  }
}

function inYaml(text: string): (item: number) => ObjectRange | undefined {
  const items = itemsOf(compose(text))
  return (item) => {
    const node = items[item]
    if (!isMap(node) || !node.range) return undefined
    const [from, end] = node.range
    if (node.flow) return { from, to: end, indent: columnAt(text, from), json: false }
    // The comment beside its last value is part of it: what is added comes after that.
    const line = text.indexOf('\n', end - 1)
    return { from, to: line === -1 ? text.length : Math.max(end, line), indent: columnAt(text, from), json: false }
  }
}

function itemsOf(tree: Document.Parsed | undefined): readonly unknown[] {
  const root = tree?.contents
  const list = isMap(root) ? root.items.findLast(({ key }) => keyName(key) === 'items')?.value : undefined
  return isSeq(list) ? list.items : []
}

const columnAt = (text: string, at: number): number => at - (text.lastIndexOf('\n', at - 1) + 1)
