// Streams the objects of the asked kinds out of files.
import type { Item, Kind, Subject } from '../contract/hazard.ts'
import type { Batch, Broken } from '../contract/world.ts'
import { type Bytes, type Content, wholeText } from './bytes.ts'
import {
  type Neighbours,
  type Recognised,
  recogniseBroken,
  recogniseFile,
  recogniseObject,
  recogniseValue,
} from './foreign.ts'
import { type LargeList, largeList } from './large-list.ts'
import { type Extent, placesInLarge } from './large-place.ts'
import { isMetricsFile, metricsIn } from './metrics-file.ts'
import { neighbourhood } from './neighbours.ts'
import { isList, isObject, isTyped, type JsonObject, memberOf, type Typed } from './objects.ts'
import { type Found, type PassedOver, parseDocuments } from './parse.ts'
import { type Place, placeName, placesIn } from './place.ts'
import { causeOf } from './text.ts'

/** As many as kubectl asks the API for at a time (--chunk-size). */
const batchSize = 500

/**
 * Where the kinds of group `extensions` went. Until 1.15 the API server gave the same objects under both groups, so in
 * files too the old one counts as the new one (Kubernetes 1.16, "Deprecated APIs removed").
 */
const extensions: Readonly<Record<string, string>> = {
  Deployment: 'apps',
  DaemonSet: 'apps',
  ReplicaSet: 'apps',
  Ingress: 'networking.k8s.io',
  NetworkPolicy: 'networking.k8s.io',
  PodSecurityPolicy: 'policy',
}

/** What `readFiles` needs of the world around it, and whom it tells what. */
export interface Reading {
  /** May reject: that file is broken, and the others are read. */
  contentOf(file: string): Promise<Content>
  /** A document is for another tool. */
  passed(file: string, recognised: Recognised): void
  /** Where the items of a list are that was read piece by piece. */
  tookApart(file: string, extents: readonly Extent[]): void
}

/**
 * Reads every file once, one text in memory at a time, and gives the objects of the asked kinds, of any version of
 * their group, in batches of at most 500; what is broken as it is met; at the end, for each kind of which there was
 * none, that the files hold none.
 */
export async function* readFiles(
  files: readonly string[],
  kinds: readonly Kind<unknown>[],
  reading: Reading,
): AsyncGenerator<Batch> {
  const asked = kinds.map((of): Asked => ({ of, items: [], given: false }))
  const neighboursOf = neighbourhood()
  for (const file of files) {
    try {
      const content = await reading.contentOf(file)
      const list = typeof content === 'string' ? undefined : await typedList(content)
      if (list && typeof content !== 'string') {
        yield* readLarge(list, content, file, asked, reading)
        continue
      }
      const text = typeof content === 'string' ? content : await wholeText(content)
      if (isMetricsFile(file)) yield* sortMetricsIn(file, text, asked)
      else yield* readText(text, file, await neighboursOf(file), asked, reading)
    } catch (error) {
      yield { broken: { place: file, because: causeOf(error) } }
    }
  }
  for (const one of asked) {
    if (one.items.length > 0) yield take(one)
    else if (!one.given) yield { of: one.of, elsewhere: `no ${one.of.kind} in the files given` }
  }
}

function* readText(
  text: string,
  file: string,
  neighbours: Neighbours,
  asked: readonly Asked[],
  { passed }: Reading,
): Generator<Batch> {
  const foreign = recogniseFile(text, neighbours)
  if (foreign) {
    passed(file, foreign)
    return
  }
  const placeOf = placesIn(text)
  for (const entry of parseDocuments(text, file)) {
    const other = foreignIn(entry, file, text, neighbours)
    if (other) passed(file, other)
    else if ('because' in entry) yield { broken: entry }
    else if ('object' in entry) {
      const sorted = sortIn(entry, asked, file)
      if (sorted !== nameless) yield* sorted
      else yield { broken: withoutName(entry, file, placeOf(entry, ['metadata', 'name'])) }
    }
  }
}

const typedList = async (bytes: Bytes): Promise<TypedList | undefined> => {
  const list = await largeList(bytes)
  return list && isTyped(list.head) && isList(list.head) ? { head: list.head, items: list.items } : undefined
}

type TypedList = LargeList & { readonly head: Typed }

async function* readLarge(
  { head, items }: TypedList,
  bytes: Bytes,
  file: string,
  asked: readonly Asked[],
  { tookApart }: Reading,
): AsyncGenerator<Batch> {
  const extents: Extent[] = []
  tookApart(file, extents)
  const placeOf = placesInLarge(bytes, extents)
  for await (const { value, from, to } of items()) {
    const item = extents.push({ from, to }) - 1
    const broken = async (because: string): Promise<Batch> => ({
      broken: { place: placeName(file, await placeOf({ item }, [])), because },
    })
    const member = value === undefined ? { because: notJson(from === to) } : memberOf(head, value, item)
    if ('because' in member) yield broken(member.because)
    else {
      const found = { object: member.object, document: 0, item }
      const sorted = sortIn(found, asked, file)
      if (sorted !== nameless) yield* sorted
      else yield { broken: withoutName(found, file, await placeOf(found, ['metadata', 'name'])) }
    }
  }
}

const notJson = (endless: boolean): string =>
  endless
    ? 'an item of a list that does not end: nothing behind it was read'
    : 'an item of a list that is no valid JSON'

const foreignIn = (
  entry: Found | Broken | PassedOver,
  file: string,
  text: string,
  neighbours: Neighbours,
): Recognised | undefined => {
  if ('because' in entry) return recogniseBroken(file, text, neighbours)
  return 'object' in entry ? recogniseObject(file, entry.object) : recogniseValue(file, entry.value, neighbours)
}

/** `given`: at least one batch went out. */
interface Asked {
  readonly of: Kind<unknown>
  items: Item<unknown>[]
  given: boolean
}

const take = (one: Asked): Batch => {
  const { of, items } = one
  one.items = []
  one.given = true
  return { of, items }
}

function* sortMetricsIn(file: string, text: string, asked: readonly Asked[]): Generator<Batch> {
  for (const one of asked.filter(({ of }) => of.metrics)) {
    const item = metricsIn(file, text, one.of)
    if ('because' in item) yield { broken: item }
    else one.items.push(item)
  }
}

const nameless = 'nameless'
const nothing: readonly Batch[] = []

/** Puts an object among those of its kinds that are asked for. @returns the batches that are full with it. */
const sortIn = (found: Found, asked: readonly Asked[], file: string): readonly Batch[] | typeof nameless => {
  const wanted = asked.filter(({ of }) => isOf(found.object, of))
  if (wanted.length === 0) return nothing
  const item = itemOf(found, file)
  if (!item) return nameless
  for (const one of wanted) one.items.push(item)
  const full = wanted.filter(({ items }) => items.length === batchSize)
  return full.length === 0 ? nothing : full.map(take)
}

const isOf = ({ apiVersion, kind }: Typed, of: Kind<unknown>): boolean => {
  if (kind !== of.kind || !of.api) return false
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
  return group === of.api.group || (group === 'extensions' && extensions[kind] === of.api.group)
}

const itemOf = ({ object, document, item }: Found, file: string): Item<unknown> | undefined => {
  const metadata = isObject(object.metadata) ? object.metadata : {}
  const name = nameOf(metadata)
  if (name === undefined) return undefined
  const { namespace, uid } = metadata
  const subject: Subject = {
    source: { file, document, ...(item !== undefined && { item }) },
    kind: object.kind,
    name,
    ...(typeof namespace === 'string' && namespace !== '' && { namespace }),
    ...(typeof uid === 'string' && { uid }),
  }
  return { subject, object }
}

const withoutName = ({ object }: Found, file: string, place: Place): Broken => ({
  place: placeName(file, place),
  because: `a ${object.kind} without metadata.name: give it a name`,
})

/** A name that the API server will make up has its beginning and a `*`. One that YAML took for a number is kept as text. */
const nameOf = ({ name, generateName }: JsonObject): string | undefined => {
  if (typeof name === 'number' || typeof name === 'boolean') return String(name)
  if (typeof name === 'string' && name !== '') return name
  return typeof generateName === 'string' && generateName !== '' ? `${generateName}*` : undefined
}
