// Where in a text a change is made, and what is written there: the lines that it touches and no others.
import type { Document, Node, Pair, Range, YAMLMap, YAMLSeq } from 'yaml'
import { isMap, isSeq } from 'yaml'
import type { Change, Json } from '../contract/hazard.ts'
import { valueAt } from '../objects/changes.ts'
import { asBlock, asFlow, asKey, asScalar, isNested, type Writing } from './edit-writing.ts'
import { isMerge, keyName, startOf } from './yaml.ts'

/** `text` takes the place of what stands from `from` to `to` (UTF-16 code units). */
export interface Splice {
  readonly from: number
  readonly to: number
  readonly text: string
}

interface Page {
  readonly text: string
  readonly writing: Writing
}

/** What a value hangs on: a pair of a map, or a place in a list. */
type Slot = { readonly at: YAMLMap; readonly pair: Pair } | { readonly at: YAMLSeq; readonly place: number }

/**
 * The splice that makes a change in an object's text. What comes from an alias or a merge key is written out where it is used, so
 * that the anchor's other users keep what they have.
 * @param after the object once the change is made.
 * @returns undefined where there is no way to write it: an object that would be empty.
 */
export function spliceFor(
  page: Page,
  tree: Document.Parsed,
  { path, after: written }: Change,
  after: unknown,
): Splice | undefined {
  let node: unknown = tree.contents
  let slot: Slot | undefined
  for (const [depth, step] of path.entries()) {
    const isLast = depth === path.length - 1
    // In a list what follows the element that is taken out has its place.
    const wanted = isLast ? written : (valueAt(after, path.slice(0, depth + 1)) as Json | undefined)
    const found = slotIn(node, step)
    if (!found) return wanted === undefined ? undefined : added(page, node, step, wanted)
    if (wanted === undefined) return removed(page, found, slot)
    node = nodeOf(found)
    if (isLast || !isFilled(node)) return replaced(page, found, wanted)
    slot = found
  }
  return undefined
}

const isFilled = (node: unknown): node is YAMLMap | YAMLSeq => (isMap(node) || isSeq(node)) && node.items.length > 0

/** Of a key that is given twice the last one counts. */
function slotIn(node: unknown, step: string | number): Slot | undefined {
  if (isMap(node)) {
    const pair = node.items.findLast(({ key }) => !isMerge(key) && keyName(key) === String(step))
    return pair && { at: node, pair }
  }
  const place = Number(step)
  return isSeq(node) && place < node.items.length ? { at: node, place } : undefined
}

const nodeOf = (slot: Slot): Node | null =>
  ('pair' in slot ? slot.pair.value : slot.at.items[slot.place]) as Node | null

const rangeOf = (node: unknown): Range => (node as { readonly range: Range }).range

/** Where what a node says ends: without the blanks, comments and line ends after it. */
function endOf(page: Page, node: unknown): number {
  if (isFilled(node) && !node.flow) {
    const last = node.items.at(-1) as Pair | Node
    return 'key' in last ? pairEnd(page, last) : endOf(page, last)
  }
  const [, end] = rangeOf(node)
  return end - (/\s*$/.exec(page.text.slice(Math.max(0, end - 10_000), end))?.[0].length ?? 0)
}

const pairEnd = (page: Page, { key, value }: Pair): number => Math.max(endOf(page, value ?? key), colonAfter(page, key))

/** Right after the colon of a key. */
const colonAfter = ({ text }: Page, key: unknown): number => text.indexOf(':', rangeOf(key)[1]) + 1

/** The end of the line, before what ends it. */
function lineEnd({ text }: Page, from: number): number {
  const at = text.indexOf('\n', from)
  if (at === -1) return text.length
  return text[at - 1] === '\r' ? at - 1 : at
}

const lineStart = ({ text }: Page, from: number): number => text.lastIndexOf('\n', from - 1) + 1

const columnOf = (page: Page, at: number): number => at - lineStart(page, at)

const spansLines = ({ text }: Page, node: Node): boolean => text.slice(...rangeOf(node).slice(0, 2)).includes('\n')

/** Whether nothing but blanks stands before it on its line. */
const beginsLine = (page: Page, at: number): boolean => page.text.slice(lineStart(page, at), at).trim() === ''

function replaced(page: Page, slot: Slot, value: Json): Splice {
  const { text, writing } = page
  const before = nodeOf(slot)
  const from = 'pair' in slot ? colonAfter(page, slot.pair.key) : startOf(before)
  const start = before ? rangeOf(before)[0] : from
  const to = Math.max(start, before ? endOf(page, before) : from)
  const isBlock = !slot.at.flow
  if (isBlock && isNested(value)) {
    if (!('pair' in slot)) return { from: start, to, text: asBlock(value, columnOf(page, start), writing).trimStart() }
    // What stands beside the key or the old value is a comment of the key by now.
    const beside =
      isFilled(before) && !before.flow ? text.slice(from, lineEnd(page, from)) : text.slice(to, lineEnd(page, to))
    const end = isFilled(before) && !before.flow ? to : lineEnd(page, to)
    const block = asBlock(value, columnOf(page, startOf(slot.pair.key as Node)) + indentOf(value, writing), writing)
    return { from, to: end, text: `${beside.trimEnd()}${writing.eol}${block}` }
  }
  if (isBlock && isFilled(before) && !before.flow && 'pair' in slot)
    return { from, to, text: ` ${asFlow(value, writing)}${text.slice(from, lineEnd(page, from)).trimEnd()}` }
  const key = 'pair' in slot && spansLines(page, slot.at) ? columnOf(page, startOf(slot.pair.key as Node)) : undefined
  const written = isNested(value) ? asFlow(value, writing, key) : asScalar(value, before, writing, !isBlock)
  return { from: start, to, text: start === from && 'pair' in slot ? ` ${written}` : written }
}

const indentOf = (value: Json, { step, indentsLists }: Writing): number =>
  Array.isArray(value) && !indentsLists ? 0 : step

function added(page: Page, node: unknown, step: string | number, value: Json): Splice | undefined {
  if (isMap(node))
    return node.flow
      ? addedToFlow(page, node, flowPair(page, node, step, value), String(step))
      : addedPair(page, node, String(step), value)
  if (!isSeq(node)) return undefined
  if (node.flow) return addedToFlow(page, node, asFlow(value, page.writing))
  const { eol } = page.writing
  const column = columnOf(page, startOf(node))
  const at = lineEnd(page, endOf(page, node))
  const block = asBlock(value, column + 2, page.writing).trimStart()
  return { from: at, to: at, text: `${eol}${' '.repeat(column)}- ${block}` }
}

function addedPair(page: Page, map: YAMLMap, key: string, value: Json): Splice {
  const { writing } = page
  const column = columnOf(page, startOf(map))
  const at = lineEnd(page, pairEnd(page, neighbour(map, key)))
  const written = isNested(value)
    ? `${writing.eol}${asBlock(value, column + indentOf(value, writing), writing)}`
    : ` ${asScalar(value, undefined, writing)}`
  return { from: at, to: at, text: `${writing.eol}${' '.repeat(column)}${asKey(key, writing)}:${written}` }
}

/** After which pair a new one goes: where all are in order, so that they stay so; else the last. */
function neighbour(map: YAMLMap, key: string): Pair {
  const names = map.items.map((pair) => keyName(pair.key) ?? '')
  const last = map.items.at(-1) as Pair
  const inOrder = names.length > 2 && names.every((name, place) => place === 0 || (names[place - 1] ?? '') < name)
  return inOrder ? (map.items.findLast((pair) => (keyName(pair.key) ?? '') < key) ?? last) : last
}

function flowPair(page: Page, map: YAMLMap, step: string | number, value: Json): string {
  const first = map.items[0]?.key as Node | undefined
  const column = first && spansLines(page, map) ? columnOf(page, startOf(first)) : undefined
  return `${asKey(String(step), page.writing)}${page.writing.colon}${asFlow(value, page.writing, column)}`
}

function addedToFlow(page: Page, node: YAMLMap | YAMLSeq, written: string, key = ''): Splice {
  const last = (isFilled(node) && isMap(node) ? neighbour(node, key) : node.items.at(-1)) as Pair | Node | undefined
  const [start] = rangeOf(node)
  if (last === undefined) return { from: start + 1, to: start + 1, text: written }
  const at = 'key' in last ? pairEnd(page, last) : endOf(page, last)
  const first = startOf(('key' in last ? last.key : last) as Node)
  const gap = beginsLine(page, first)
    ? `${page.writing.eol}${' '.repeat(columnOf(page, first))}`
    : page.writing.json && !/[,:] /.test(page.text)
      ? ''
      : ' '
  const comma = /^\s*,/.exec(page.text.slice(at, at + 200))?.[0].length
  if (comma === undefined) return { from: at, to: at, text: `,${gap}${written}` }
  return { from: at + comma, to: at + comma, text: `${gap}${written},` }
}

function removed(page: Page, slot: Slot, above: Slot | undefined): Splice | undefined {
  const { at } = slot
  if (at.items.length === 1) return above && replaced(page, above, isMap(at) ? {} : [])
  const place = 'pair' in slot ? at.items.indexOf(slot.pair as never) : slot.place
  const begin = (one: number): number => {
    const item = at.items[one] as Pair | Node
    return startOf(('key' in item ? item.key : item) as Node)
  }
  const end = (one: number): number => {
    const item = at.items[one] as Pair | Node
    return 'key' in item ? pairEnd(page, item) : endOf(page, item)
  }
  const isLast = place === at.items.length - 1
  if (at.flow)
    return isLast
      ? { from: end(place - 1), to: end(place), text: '' }
      : { from: begin(place), to: begin(place + 1), text: '' }
  // What shares its line with the dash of the list that it is in.
  const start = 'pair' in slot ? begin(place) : page.text.lastIndexOf('-', begin(place) - 1)
  if (!beginsLine(page, start)) return isLast ? undefined : { from: begin(place), to: begin(place + 1), text: '' }
  const from = lineStart(page, begin(place))
  const to = page.text.indexOf('\n', end(place)) + 1
  // The last line of a text may have no end: then the one before it loses its own.
  return to === 0
    ? { from: Math.max(0, from - page.writing.eol.length), to: page.text.length, text: '' }
    : { from, to, text: '' }
}
