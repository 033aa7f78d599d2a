import type { Item, Kind, Subject } from '../contract/hazard.ts'
import type { Batch, World } from '../contract/world.ts'
import { pods } from '../objects/kinds.ts'
import { ApiError } from './api-error.ts'
import type { Client } from './client.ts'
import { Discovery, type Served, serverVersion } from './discovery.ts'
import { readPodMetrics } from './pod-metrics.ts'

/** As kubectl: large enough to be fast, small enough not to hurt the API server. */
const pageSize = 500
/** A list that expires again and again is too slow for this server's history. */
const mostRestarts = 3

export interface ReadOptions {
  /** Only these; none: all. */
  readonly namespaces?: readonly string[]
  /** By kind, as kubectl's --field-selector: of Pods only those of one node, for an agent that has to be cheap. */
  readonly fieldSelectors?: Readonly<Record<string, string>>
  /** Pods are asked for metrics by the API server's proxy, where a kind is made of them. */
  readonly podMetrics?: boolean
  /** Called after each page with the objects of the kind so far. */
  readonly onPage?: (kind: string, count: number) => void
}

/** A live cluster as a world. Asks for its version at once. @throws ApiError if it can't be reached. */
export async function clusterWorld(client: Client, options: ReadOptions = {}): Promise<World> {
  const version = await serverVersion(client)
  const lacking = await lackingOf(client, options.namespaces ?? [])
  const discovery = new Discovery(client)
  return {
    name: client.name,
    ...(version && { version }),
    async *read(kinds) {
      for (const kind of kinds) {
        const { metrics } = kind
        if (!metrics) yield* readKind(client, discovery, kind, options)
        else if (!options.podMetrics) yield { of: kind, elsewhere: 'Pods were not asked for their metrics' }
        else yield* readPodMetrics(client, kind, metrics, readKind(client, discovery, pods, options))
      }
      for (const name of lacking) {
        yield { broken: { place: `namespace ${name}`, because: 'there is no such namespace; is its name right?' } }
      }
    },
  }
}

/** To a list of a namespace that does not exist the API server answers with an empty one, which must not pass for "clear". */
async function lackingOf(client: Client, namespaces: readonly string[]): Promise<readonly string[]> {
  const answers = namespaces.map(async (name) => {
    const answer = await orError(client.ask({ method: 'GET', path: `/api/v1/namespaces/${encodeURIComponent(name)}` }))
    return answer instanceof ApiError && answer.status === 404 ? [name] : []
  })
  return (await Promise.all(answers)).flat()
}

async function* readKind(
  client: Client,
  discovery: Discovery,
  kind: Kind<unknown>,
  options: ReadOptions,
): AsyncIterable<Batch> {
  if (kind.kind === 'Secret') throw new Error('Secrets are never read')
  // With namespaces given, what belongs to none is not asked for: it would be judged without its events.
  if (options.namespaces?.length && kind.api?.namespaced === false && kind.kind !== 'Namespace') {
    yield { of: kind, absent: `not asked for: a ${kind.kind} belongs to no namespace` }
    return
  }
  const served = await orError(discovery.served(kind))
  if (served instanceof ApiError) {
    yield { of: kind, unread: served.message }
  } else if (!served) {
    yield { of: kind, absent: `the API server does not serve ${names(kind)}` }
  } else {
    yield* readServed(client, kind, served, options)
  }
}

/** The pages of a list are of one moment; when the server has forgotten it (410), all that came so far is outdated. */
async function* readServed(
  client: Client,
  kind: Kind<unknown>,
  served: Served,
  options: ReadOptions,
): AsyncIterable<Batch> {
  for (let restarts = 0; ; restarts++) {
    const expired = yield* readPaths(client, kind, served, options)
    if (!expired) return
    yield { of: kind, restart: true }
    if (restarts === mostRestarts) {
      yield { of: kind, unread: `the list expired ${restarts + 1} times before its end: ${expired.message}` }
      return
    }
  }
}

async function* readPaths(
  client: Client,
  kind: Kind<unknown>,
  served: Served,
  options: ReadOptions,
): AsyncGenerator<Batch, ApiError | undefined> {
  let count = 0
  for (const path of pathsOf(served, kind, options.namespaces)) {
    let next: string | undefined
    do {
      const answer = await orError(client.ask({ method: 'GET', path, query: queryOf(kind, options, next) }))
      if (answer instanceof ApiError) {
        if (answer.status === 410) return answer
        // Of objects that are asked for by name it is a fact that one is not there.
        if (answer.status === 404 && kind.api?.only) break
        // Of what could not be read here the other namespaces know nothing, and the other way round.
        yield { of: kind, unread: answer.message }
        break
      }
      const items = itemsOf(answer as Page)
      if (!items) {
        yield { of: kind, unread: `${client.server}${path} answered with no list` }
        break
      }
      yield { of: kind, items: items.map((listed) => itemOf(client.name, kind.kind, served, listed)) }
      count += items.length
      options.onPage?.(kind.kind, count)
      next = (answer as Page).metadata?.continue || undefined
    } while (next !== undefined)
  }
  return undefined
}

/** Of one page of a list; an object that is asked for by name has none. */
function queryOf({ kind, api }: Kind<unknown>, { fieldSelectors }: ReadOptions, next: string | undefined) {
  const fieldSelector = fieldSelectors?.[kind]
  return {
    ...(!api?.only && { limit: String(pageSize) }),
    ...(fieldSelector && { fieldSelector }),
    ...(next && { continue: next }),
  }
}

/** A failed request is an answer here; anything else is a programming error. */
const orError = <T>(asked: Promise<T>): Promise<T | ApiError> =>
  asked.catch((error: unknown) => {
    if (error instanceof ApiError) return error
    throw error
  })

const names = ({ kind, api }: Kind<unknown>): string =>
  `${kind} in ${api?.versions.map((version) => (api.group ? `${api.group}/${version}` : version)).join(' or ')}`

/**
 * With namespaces given, each is listed by itself, and of the namespaces themselves only these are read. Of a kind of which only
 * some objects are read, each is a path of its own.
 */
function pathsOf(
  { prefix, resource, namespaced }: Served,
  { kind, api }: Kind<unknown>,
  namespaces: readonly string[] = [],
): readonly string[] {
  if (api?.only) {
    const { namespace: usual, names } = api.only
    return (namespaces.length > 0 ? namespaces : [usual].flat()).flatMap((namespace) =>
      names.map((name) => `${prefix}/namespaces/${encodeURIComponent(namespace)}/${resource}/${name}`),
    )
  }
  if (namespaces.length === 0) return [`${prefix}/${resource}`]
  if (namespaced)
    return namespaces.map((namespace) => `${prefix}/namespaces/${encodeURIComponent(namespace)}/${resource}`)
  if (kind === 'Namespace')
    return namespaces.map((namespace) => `${prefix}/${resource}/${encodeURIComponent(namespace)}`)
  return [`${prefix}/${resource}`]
}

interface Page {
  readonly items?: readonly Listed[] | null
  readonly metadata?: { readonly continue?: string; readonly name?: string }
}

/** An object as the API server lists it. */
export interface Listed {
  readonly metadata?: {
    readonly resourceVersion?: string
    readonly name?: string
    readonly namespace?: string
    readonly uid?: string
    readonly managedFields?: unknown
  }
}

/** A path of a single object gives that object. */
const itemsOf = (page: Page): readonly Listed[] | undefined => {
  if (page.items === undefined) return page.metadata?.name ? [page as Listed] : undefined
  return page.items ?? [] // Go writes an empty list as null
}

/** managedFields are the larger half of many objects, and no hazard reads them. Items of a list don't say their kind. */
export function itemOf(cluster: string, kind: string, { apiVersion }: Served, listed: Listed): Item<unknown> {
  const { managedFields: _, ...metadata } = listed.metadata ?? {}
  const { name = '', namespace, uid } = metadata
  const subject: Subject = { source: { cluster }, kind, name, ...(namespace && { namespace }), ...(uid && { uid }) }
  return { subject, object: { apiVersion, kind, ...listed, metadata } }
}
