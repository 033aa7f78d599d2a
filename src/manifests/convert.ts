// From a YAML syntax tree to a JSON value. Ours and not the library's, for errors with a place and for go-yaml's limits.
import type { Document, Node, YAMLMap } from 'yaml'
import { isAlias, isMap, isScalar, isSeq } from 'yaml'
import type { Json } from '../contract/hazard.ts'
import { aliases, detached, isMerge, keyName, NoAnchor, startOf, Unreadable } from './yaml.ts'

/** How much of a document may come from aliases: go-yaml's `allowedAliasRatio` (CVE-2019-11253). */
const mostFromAliases = (nodes: number): number => {
  const few = 400_000
  const many = 4_000_000
  if (nodes <= few) return 0.99
  return nodes >= many ? 0.1 : 0.99 - 0.89 * ((nodes - few) / (many - few))
}

/**
 * The JSON value of a document: aliases copied in, merge keys `<<` resolved (shallow; keys written out win over merged
 * ones; of several merged maps the first wins). Throws `Unreadable` for what kubectl refuses too: a key that is null, a
 * map or a list; an alias without anchor or within its own anchor; more aliases than any honest file has.
 */
export const toJson = (document: Document.Parsed): Json => {
  const targetOf = aliases(document)
  const open = new Set<Node>()
  let nodes = 0
  let fromAliases = 0

  const convert = (node: Node | null, within: boolean): Json => {
    nodes += 1
    if (within) fromAliases += 1
    if (fromAliases > 100 && nodes > 1000 && fromAliases / nodes > mostFromAliases(nodes))
      throw new Unreadable('its aliases (*name) repeat so much that it would fill the memory', startOf(node))
    if (isAlias(node)) return follow(node)
    if (!node?.anchor) return content(node, within)
    open.add(node)
    const value = content(node, within)
    open.delete(node)
    return value
  }

  const follow = (alias: Node & { source: string }): Json => {
    const target = isAlias(alias) ? targetOf(alias) : undefined
    if (!target)
      throw new NoAnchor(`*${alias.source} refers to no anchor: expected &${alias.source} before it`, startOf(alias))
    if (open.has(target)) throw new Unreadable(`*${alias.source} stands within its own anchor`, startOf(alias))
    return convert(target, true)
  }

  const content = (node: Node | null, within: boolean): Json => {
    if (isScalar(node)) return scalar(node.value)
    if (isSeq(node)) return node.items.map((item) => convert(item as Node, within))
    return isMap(node) ? map(node, within) : null
  }

  const map = (node: YAMLMap, within: boolean): Json => {
    const object: Record<string, Json> = {}
    const merged: Node[] = []
    for (const { key, value } of node.items) {
      if (isMerge(key)) merged.push(value as Node)
      else put(object, nameOf(key as Node), convert(value as Node | null, within))
    }
    for (const source of merged) for (const one of mapsIn(source)) addMissing(object, convert(one, within), source)
    return object
  }

  return convert(document.contents, false)
}

/** The maps that a merge key names: its list's elements or itself. */
const mapsIn = (source: Node): readonly Node[] => (isSeq(source) ? (source.items as Node[]) : [source])

const addMissing = (object: Record<string, Json>, more: Json, source: Node): void => {
  if (typeof more !== 'object' || more === null || Array.isArray(more))
    throw new Unreadable(
      '<< merges something that is no map: expected a map, an alias of one, or a list of those',
      startOf(source),
    )
  for (const [key, value] of Object.entries(more)) if (!Object.hasOwn(object, key)) put(object, key, value)
}

const nameOf = (key: Node | null): string => {
  const name = keyName(key)
  if (name !== undefined) return name
  const what = isMap(key) ? 'a map' : isSeq(key) ? 'a list' : isAlias(key) ? 'an alias' : 'null'
  throw new Unreadable(`a key is ${what}: expected text`, startOf(key))
}

/** `__proto__` as a plain key: assigned it would change the object's prototype instead. */
const put = (object: Record<string, Json>, key: string, value: Json): void => {
  if (key === '__proto__')
    Object.defineProperty(object, key, { value, enumerable: true, writable: true, configurable: true })
  else object[key] = value
}

const scalar = (value: unknown): Json => {
  if (typeof value === 'symbol') return '<<'
  if (typeof value === 'string') return detached(value)
  return value as number | boolean | null
}
