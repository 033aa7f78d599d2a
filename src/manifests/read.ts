// Streams the objects of the asked kinds out of files.
import type { Item, Kind, Subject } from '../contract/hazard.ts'
import type { Batch, Broken } from '../contract/world.ts'
import {
  type Neighbours,
  type Recognised,
  recogniseBroken,
  recogniseFile,
  recogniseObject,
  recogniseValue,
} from './foreign.ts'
import { isMetricsFile, metricsIn } from './metrics-file.ts'
import { neighbourhood } from './neighbours.ts'
import { isObject, type JsonObject, type Typed } from './objects.ts'
import { type Found, type PassedOver, parseDocuments } from './parse.ts'
import { placeName, placesIn } from './place.ts'
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

/**
 * Reads every file once, one text in memory at a time, and gives the objects of the asked kinds, of any version of
 * their group, in batches of at most 500; what is broken as it is met; at the end, for each kind of which there was
 * none, that the files hold none. What is for other tools goes to `passed`. `textOf` may reject: that file is broken, and
 * the others are read.
 */
export async function* readFiles(
  files: readonly string[],
  kinds: readonly Kind<unknown>[],
  textOf: (file: string) => Promise<string>,
  passed: (file: string, recognised: Recognised) => void,
): AsyncGenerator<Batch> {
  const asked = kinds.map((of): Asked => ({ of, items: [], given: false }))
  const neighboursOf = neighbourhood()
  for (const file of files) {
    const text = await textOf(file).catch((error: unknown): Broken => ({ place: file, because: causeOf(error) }))
    if (typeof text !== 'string') {
      yield { broken: text }
      continue
    }
    if (isMetricsFile(file)) {
      yield* sortMetricsIn(file, text, asked)
      continue
    }
    const neighbours = await neighboursOf(file)
    const foreign = recogniseFile(text, neighbours)
    if (foreign) {
      passed(file, foreign)
      continue
    }
    const placeOf = placesIn(text)
    for (const entry of parseDocuments(text, file)) {
      const other = foreignIn(entry, file, text, neighbours)
      if (other) passed(file, other)
      else if ('because' in entry) yield { broken: entry }
      else if ('object' in entry) yield* sortIn(entry, asked, file, placeOf)
    }
  }
  for (const one of asked) {
    if (one.items.length > 0) yield take(one)
    else if (!one.given) yield { of: one.of, elsewhere: `no ${one.of.kind} in the files given` }
  }
}

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

function* sortIn(found: Found, asked: readonly Asked[], file: string, placeOf: PlaceOf): Generator<Batch> {
  const wanted = asked.filter(({ of }) => isOf(found.object, of))
  if (wanted.length === 0) return
  const item = itemOf(found, file, placeOf)
  if ('because' in item) {
    yield { broken: item }
    return
  }
  for (const one of wanted) {
    one.items.push(item)
    if (one.items.length === batchSize) yield take(one)
  }
}

const isOf = ({ apiVersion, kind }: Typed, of: Kind<unknown>): boolean => {
  if (kind !== of.kind || !of.api) return false
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
  return group === of.api.group || (group === 'extensions' && extensions[kind] === of.api.group)
}

type PlaceOf = ReturnType<typeof placesIn>

const itemOf = (found: Found, file: string, placeOf: PlaceOf): Item<unknown> | Broken => {
  const { object, document, item } = found
  const where = { document, ...(item !== undefined && { item }) }
  const metadata = isObject(object.metadata) ? object.metadata : {}
  const name = nameOf(metadata)
  if (name === undefined) {
    const place = placeOf(where, ['metadata', 'name'])
    return { place: placeName(file, place), because: `a ${object.kind} without metadata.name: give it a name` }
  }
  const { namespace, uid } = metadata
  const subject: Subject = {
    source: { file, ...where },
    kind: object.kind,
    name,
    ...(typeof namespace === 'string' && namespace !== '' && { namespace }),
    ...(typeof uid === 'string' && { uid }),
  }
  return { subject, object }
}

/** A name that the API server will make up has its beginning and a `*`. One that YAML took for a number is kept as text. */
const nameOf = ({ name, generateName }: JsonObject): string | undefined => {
  if (typeof name === 'number' || typeof name === 'boolean') return String(name)
  if (typeof name === 'string' && name !== '') return name
  return typeof generateName === 'string' && generateName !== '' ? `${generateName}*` : undefined
}
