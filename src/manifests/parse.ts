// From a file's text to the Kubernetes objects in it, one document at a time.
import type { Json } from '../contract/hazard.ts'
import type { Broken } from '../contract/world.ts'
import { toJson } from './convert.ts'
import { isHollow, linesOf, type Part, splitDocuments, withoutMarks } from './documents.ts'
import { looksLikeJson, readJson } from './json.ts'
import { longList } from './list-items.ts'
import { isList, isTyped, type Member, memberOf, membersOf, type Typed } from './objects.ts'
import { placeName, placesIn } from './place.ts'
import { readPlainYaml } from './plain-yaml.ts'
import { compose, Unreadable } from './yaml.ts'

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
  const lineAndColumn = linesOf(clean)
  let document = -1
  for (const { part, value } of documentsOf(clean)) {
    document += 1
    if (value instanceof Unreadable)
      yield { place: placeName(file, lineAndColumn(part.start + value.offset)), because: value.message }
    if (value === undefined || value instanceof Unreadable) continue
    const own = membersOf(value)
    if (!own) yield { passedOver: document, value }
    for (const member of own?.slice(given) ?? []) yield found(member, document)
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

type DocumentRead = { readonly part: Part; readonly value: ReturnType<typeof readDocument> }

/** Each document with its value. A text that is one JSON value, as all exports are, need not be searched for others. */
function* documentsOf(text: string): Generator<DocumentRead> {
  const whole = looksLikeJson(text) ? readJson(text) : undefined
  if (whole !== undefined) yield { part: { text, start: 0 }, value: whole }
  else for (const part of splitDocuments(text)) yield { part, value: readDocument(part.text) }
}

/** The value of one document's text; undefined if it has no content, `Unreadable` (not thrown) if it is broken. */
export const readDocument = (text: string): Json | undefined | Unreadable => {
  const json = looksLikeJson(text) ? readJson(text) : undefined
  return json === undefined ? readYaml(text) : json
}

const readYaml = (text: string): Json | undefined | Unreadable => {
  if (isHollow(text.startsWith('---') ? text.slice(3) : text)) return undefined
  return readPlainYaml(text) ?? readTree(text)
}

const readTree = (text: string): Json | undefined | Unreadable => {
  try {
    const document = compose(text)
    const error = document?.errors[0]
    if (error?.code === 'RESOURCE_EXHAUSTION') return new Unreadable(tooDeep, error.pos[0])
    if (error) return new Unreadable(`not valid YAML: ${decapitalise(error.message)}${hint(text)}`, error.pos[0])
    return document ? (toJson(document) ?? undefined) : undefined
  } catch (error) {
    if (error instanceof Unreadable) return new Unreadable(`${error.message}${hint(text)}`, error.offset)
    if (error instanceof RangeError) return new Unreadable(tooDeep, 0)
    throw error
  }
}

/** Both the YAML library and our own walk of its tree use the stack, which is all that limits the depth. */
const tooDeep = 'nested too deeply: expected at most some hundred levels'

const decapitalise = (message: string): string => message.charAt(0).toLowerCase() + message.slice(1)

const hint = (text: string): string =>
  text.includes('{{') ? '; it looks like a template: give what it renders to (helm template, for a chart)' : ''
