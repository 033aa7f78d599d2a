// Finds the line and column of a field, after the fact and for findings only: objects carry no positions.
import type { Alias, Document, Node, Pair, YAMLMap } from 'yaml'
import { isAlias, isMap, isSeq } from 'yaml'
import type { Path } from '../contract/hazard.ts'
import { linesOf, type Part, splitDocuments, withoutMarks } from './documents.ts'
import { looksLikeJson, offsetsInJson, readJson } from './json.ts'
import { aliases, compose, isMerge, keyName, startOf } from './yaml.ts'
import { yamlList } from './yaml-list.ts'

/** Both counted from 1; the column in UTF-16 code units, as SARIF's default and editors count. */
export interface Place {
  readonly line: number
  readonly column: number
}

/** A place as editors and terminals link it: `file:line:column`. */
export const placeName = (file: string, { line, column }: Place): string => `${file}:${line}:${column}`

/** The document in its file and the item in its list, both counted from 0. */
interface Where {
  readonly document: number
  readonly item?: number
}

/**
 * Where a field stands in a file's text: the start of its key, or of the list element that it is. Where the path leads
 * to nothing: the deepest key on the way that is there, which is the place where the rest is missing; the object itself
 * if none is. Follows aliases and merge keys to where the value is written. Line 1 if there is no such document.
 */
export const placeOf = (text: string, source: Where, path: Path): Place => placesIn(text)(source, path)

/**
 * As `placeOf`, for many places in one text: its documents and lines are told apart once, and a document is parsed once
 * for all places in it that follow each other.
 */
export const placesIn = (text: string): ((source: Where, path: Path) => Place) => {
  const clean = withoutMarks(text)
  const lineAndColumn = linesOf(clean)
  let parts: readonly Part[] | undefined
  let last: { readonly document: number; readonly offsetOf: (path: Path) => number } | undefined
  return ({ document, item }, path) => {
    parts ??= [...splitDocuments(clean)]
    if (last?.document !== document) last = { document, offsetOf: offsetsIn(parts[document]) }
    return lineAndColumn(last.offsetOf(item === undefined ? path : ['items', item, ...path]))
  }
}

/** Finds offsets in the whole text, for paths within one document of it. */
const offsetsIn = (part: Part | undefined): ((path: Path) => number) => {
  if (!part) return () => 0
  if (looksLikeJson(part.text) && readJson(part.text) !== undefined) {
    const offsetOf = offsetsInJson(part.text)
    return (path) => part.start + offsetOf(path)
  }
  const list = yamlList(part.text)
  const whole = lazily(() => treeOf(part.text))
  let last: { readonly item: Part; readonly tree: Document.Parsed | undefined } | undefined
  return (path) => {
    const [field, at, ...inner] = path
    const item = field === 'items' ? list?.items[Number(at)] : undefined
    if (!item) return part.start + offsetInTree(whole(), path)
    if (last?.item !== item) last = { item, tree: treeOf(item.text) }
    return part.start + item.start + offsetInTree(last.tree, inner)
  }
}

/** What can't be read has no places within it. */
const treeOf = (text: string): Document.Parsed | undefined => {
  try {
    return compose(text)
  } catch {
    return undefined
  }
}

const lazily = <T>(make: () => T): (() => T) => {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

const offsetInTree = (document: Document.Parsed | undefined, path: Path): number => {
  if (!document) return 0
  const targetOf = aliases(document)
  const resolved = (node: unknown): unknown => (isAlias(node) ? targetOf(node) : node)
  let at = startOf(document.contents)
  let node: unknown = document.contents
  for (const step of path) {
    const next = stepInto(resolved(node), step, targetOf)
    if (!next) break
    at = startOf(next.shown)
    node = next.value
  }
  return at
}

type TargetOf = (alias: Alias) => Node | undefined

interface Spot {
  /** The key, or the list element. */
  readonly shown: Node
  readonly value: unknown
}

const stepInto = (node: unknown, step: string | number, targetOf: TargetOf): Spot | undefined => {
  if (isMap(node)) {
    const pair = pairIn(node, String(step), targetOf)
    return pair && { shown: pair.key as Node, value: pair.value }
  }
  if (!isSeq(node)) return undefined
  const item = node.items[Number(step)] as Node | undefined
  return item && { shown: item, value: item }
}

/** The pair that gives a map its key: written out (the last one counts) or merged (the first one counts). */
const pairIn = (map: YAMLMap, name: string, targetOf: TargetOf): Pair | undefined => {
  const own = map.items.findLast(({ key }) => !isMerge(key) && keyName(key) === name)
  if (own) return own
  for (const { key, value } of map.items) {
    const sources = !isMerge(key) ? [] : isSeq(value) ? value.items : [value]
    for (const source of sources) {
      const merged = isAlias(source) ? targetOf(source) : source
      const pair = isMap(merged) ? pairIn(merged, name, targetOf) : undefined
      if (pair) return pair
    }
  }
  return undefined
}
