// Where in a file's text one object stands, so that it can be edited by itself.

import type { Document } from 'yaml'
import { isMap, isSeq, visit } from 'yaml'
import type { Path } from '../contract/hazard.ts'
import { splitDocuments } from './documents.ts'
import { looksLikeJson, rangesInJson, readJson } from './json.ts'
import { compose, keyName } from './yaml.ts'

/** From `from` to `to` (UTF-16 code units). `indent`: in front of its first line stand so many columns that are not its own. */
export interface ObjectRange {
  readonly from: number
  readonly to: number
  readonly indent: number
  readonly json: boolean
  /** Where in it the object is: it shares anchors with the rest of its list, so it can only be read with all of that. */
  readonly within: Path
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
    if (item === undefined) return { from: part.start, to: part.start + part.text.length, indent: 0, json, within: [] }
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
    return range && { ...range, indent: columnAt(text, range.from), json: true, within: [] }
  }
}

function inYaml(text: string): (item: number) => ObjectRange | undefined {
  const tree = compose(text)
  const items = itemsOf(tree)
  const shares = tree !== undefined && hasAliases(tree)
  return (item) => {
    const node = items[item]
    if (!isMap(node) || !node.range) return undefined
    if (shares) return { from: 0, to: text.length, indent: 0, json: false, within: ['items', item] }
    const [from, end] = node.range
    // The comment beside its last value is part of it: what is added comes after that.
    const line = node.flow ? end : text.indexOf('\n', end - 1)
    const to = line === -1 ? text.length : Math.max(end, line)
    return { from, to, indent: columnAt(text, from), json: false, within: [] }
  }
}

function hasAliases(tree: Document.Parsed): boolean {
  let found = false
  visit(tree, {
    Alias: () => {
      found = true
      return visit.BREAK
    },
  })
  return found
}

function itemsOf(tree: Document.Parsed | undefined): readonly unknown[] {
  const root = tree?.contents
  const list = isMap(root) ? root.items.findLast(({ key }) => keyName(key) === 'items')?.value : undefined
  return isSeq(list) ? list.items : []
}

const columnAt = (text: string, at: number): number => at - (text.lastIndexOf('\n', at - 1) + 1)
