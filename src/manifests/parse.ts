// From a file's text to the Kubernetes objects in it, one document at a time.
import type { Json } from '../contract/hazard.ts'
import type { Broken } from '../contract/world.ts'
import { linesOf, type Part, splitDocuments, withoutMarks } from './documents.ts'
import { looksLikeJson, readJson } from './json.ts'
import { longList } from './list-items.ts'
import { isList, isTyped, type Member, memberOf, membersOf, type Typed } from './objects.ts'
import { placeName, placesIn } from './place.ts'
import { readDocument } from './read-document.ts'
import { NoAnchor, Unreadable } from './yaml.ts'
import { yamlList } from './yaml-list.ts'

/** An object and where it was: `document` in its file and `item` in its list, both counted from 0. */
export interface Found {
  readonly object: Typed
  readonly document: number
  readonly item?: number
}

/** A document that holds something else than Kubernetes objects, such as a chart's values. */
export interface PassedOver {
  readonly passedOver: number
  readonly value: Json
}

/**
 * Reads a file's text (YAML 1.1 as Kubernetes reads it, or JSON): its Kubernetes objects, lists taken apart; what is
 * broken, with `file:line:column` as its place; the numbers of documents that are no Kubernetes objects. Documents
 * without content are skipped, and count all the same. A broken document does not hide the others. Never throws for
 * what a text holds.
 */
export function* parseDocuments(text: string, file: string): Generator<Found | Broken | PassedOver> {
  const clean = withoutMarks(text)
  const placeIn = placesIn(clean)
  const found = ({ item, ...member }: Member, document: number): Found | Broken => {
    const where = { document, ...(item !== undefined && { item }) }
    if ('object' in member) return { object: member.object, ...where }
    return { place: placeName(file, placeIn(where, [])), because: member.because }
  }
  let given = 0
  const members = longMembers(clean)
  for (let next = members.next(); ; next = members.next()) {
    if (next.done && next.value) return
    if (next.done) break
    yield found(next.value, 0)
    given += 1
  }
  const at = (offset: number): string => placeName(file, lineAndColumn(offset))
  const lineAndColumn = linesOf(clean)
  let document = -1
  for (const { part, value } of documentsOf(clean)) {
    document += 1
    for (const entry of membersIn(part, value, given)) {
      if ('offset' in entry) yield { place: at(part.start + entry.offset), because: entry.message }
      else yield 'passedOver' in entry ? { ...entry, passedOver: document } : found(entry, document)
    }
    given = 0
  }
}

/** The members of a text that is one long list, one at a time; returns whether that was all of the text. */
function* longMembers(text: string): Generator<Member, boolean> {
  const list = longList(text)
  if (!list || !isTyped(list.head) || !isList(list.head)) return false
  let item = 0
  for (const value of list.items()) {
    if (value === undefined) return false
    yield memberOf(list.head, value, item)
    item += 1
  }
  return true
}

/** Each document, with its value if that is known already: a text that is one JSON value, as all exports are. */
function* documentsOf(text: string): Generator<{ readonly part: Part; readonly value?: Json }> {
  const whole = looksLikeJson(text) ? readJson(text) : undefined
  if (whole !== undefined) yield { part: { text, start: 0 }, value: whole }
  else for (const part of splitDocuments(text)) yield { part }
}

/** What one document gives; `given` of its list's items are known already. Offsets are within its text. */
function* membersIn(part: Part, known: Json | undefined, given: number): Generator<Member | PassedOver | Unreadable> {
  let before = given
  if (known === undefined) {
    const items = itemsOf(part.text)
    for (let next = items.next(); ; next = items.next()) {
      if (next.done && next.value) return
      if (next.done) break
      yield next.value
      before += 1
    }
  }
  const value = known ?? readDocument(part.text)
  if (value instanceof Unreadable) yield value
  if (value === undefined || value instanceof Unreadable) return
  const own = membersOf(value)
  if (own) yield* own.slice(before)
  else yield { passedOver: 0, value }
}

/** The items of a long list in YAML, one at a time; returns whether that was all of the document. */
function* itemsOf(text: string): Generator<Member | Unreadable, boolean> {
  const list = looksLikeJson(text) ? undefined : yamlList(text)
  const head = list && readDocument(list.head)
  if (!list || head instanceof Unreadable || !isTyped(head) || !isList(head)) return false
  for (const [item, { text: own, start }] of list.items.entries()) {
    const value = readDocument(own)
    if (value instanceof NoAnchor) return false
    if (value instanceof Unreadable) yield new Unreadable(value.message, start + value.offset)
    else yield memberOf(head, value ?? null, item)
  }
  return true
}
