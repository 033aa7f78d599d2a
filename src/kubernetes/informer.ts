// What a kind's objects are now, by one list and the watches after it. Sources: Kubernetes API concepts ("Efficient detection
// of changes", "410 Gone responses"), client-go tools/cache/reflector.go.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Item, Kind } from '../contract/hazard.ts'
import { ApiError } from './api-error.ts'
import { backOff } from './back-off.ts'
import type { Client } from './client.ts'
import { Discovery, type Served } from './discovery.ts'
import { Held, heldKey } from './held.ts'
import { watch } from './watch.ts'
import { itemOf, type Listed } from './world.ts'

/** What happened to an object; `object` is whole, before it is reduced, and of one that is gone undefined. */
export interface Happened {
  readonly what: 'added' | 'changed' | 'gone'
  readonly item: Item<unknown>
  readonly object: unknown
  /** It came with the first list: it was there before anybody looked. */
  readonly first: boolean
}

export interface InformerOptions {
  readonly client: Client
  readonly kind: Kind<unknown>
  readonly signal: AbortSignal
  /** ms, monotonic. */
  readonly ticks: () => number
  /** From 0 to 1. */
  readonly random: () => number
  /** What stays of an object; undefined: nothing. */
  readonly keep?: (object: unknown) => unknown
  readonly happened: (happened: Happened) => void
  /** A watch ended otherwise than in its time, or a list failed; `anew`: all is listed again. */
  readonly failed: (because: string, anew: boolean) => void
  /** The server has accepted a watch: from now on changes come as they happen. */
  readonly connected?: () => void
  /** ms before the first retry. */
  readonly firstWaitMs?: number
  readonly idleMs?: number
  /** Only objects with these labels: `name` or `name=value`. */
  readonly labelSelector?: string
  /** Only objects with these fields, of the few that the server can select by: `name=value`. */
  readonly fieldSelector?: string
  /** Only those of this namespace. */
  readonly namespace?: string
}

/** As `kubectl`: large enough to be fast, small enough not to hurt the API server. */
const pageSize = 500
/** A watch that goes on for so long (ms) was well: what fails after it fails for the first time. */
const well = 60_000
/** A watch that ends by itself so soon (ms) is not asked for again at once. */
const tooShort = 1_000
/** However often it failed, it is tried again after this time (ms); client-go's too. */
const mostWait = 30_000
/** How soon (ms) a kind that the server does not have is asked for again: a CRD may come with the next command. */
const absentWait = 10_000

/** Keeps the objects of one kind up to date until the signal is aborted. */
export class Informer {
  readonly kind: Kind<unknown>
  readonly #options: InformerOptions
  readonly #held = new Held()
  #discovery: Discovery
  #served: Served | undefined
  #version: string | undefined
  #listed = false
  #connected = false
  #last: number
  #because = 'it was not listed yet'
  #absent = false

  constructor(options: InformerOptions) {
    this.kind = options.kind
    this.#options = options
    this.#discovery = new Discovery(options.client)
    this.#last = options.ticks()
  }

  /** Whether all that there is was seen once. A kind that the server does not have is seen as well. */
  get synced(): boolean {
    return this.#listed || this.#absent
  }

  /** As which version of its kind the server gives them; undefined before it was asked. */
  get apiVersion(): string | undefined {
    return this.#served?.apiVersion
  }

  get size(): number {
    return this.#held.size
  }

  /** The server has no such kind. */
  get absent(): boolean {
    return this.#absent
  }

  /** How long nothing is known of what changed since (ms), and why; 0 while a watch is open. */
  get silent(): { readonly ms: number; readonly because: string } {
    const ms = this.#connected || this.#absent ? 0 : this.#options.ticks() - this.#last
    return { ms, because: this.#because }
  }

  /** All, or those of one namespace. */
  items(namespace?: string): readonly Item<unknown>[] {
    return this.#held.items(namespace)
  }

  /** One of them; undefined if there is none of that name. */
  get(name: string, namespace?: string): Item<unknown> | undefined {
    return this.#held.get({ name, ...(namespace !== undefined && { namespace }) })
  }

  /** Lists and watches. Ends when the signal is aborted; throws only on a programming error. */
  async run(): Promise<void> {
    const { signal, random, ticks, failed, firstWaitMs = 800 } = this.#options
    for (let failures = 0; !signal.aborted; ) {
      const began = ticks()
      const error = await this.#once().catch((thrown: unknown) => thrown)
      if (signal.aborted) return
      this.#connected = false
      const took = ticks() - began
      if (error === undefined && took >= tooShort) continue // the server ends each watch in its time
      if (took >= well) failures = 0
      if (error !== undefined) {
        if (!(error instanceof ApiError)) throw error
        this.#because = error.message
        const anew = this.#forgetVersion(error)
        failed(error.message, anew)
      }
      const wait = backOff(failures++, { firstMs: firstWaitMs, mostMs: mostWait, random })
      await sleep(wait, undefined, { signal }).catch(() => undefined)
    }
  }

  /**
   * Where the watch can't go on from: a version that the server has forgotten (410), or does not have yet or any more, as
   * after a restore (504 "Too large resource version"), and whatever else it refuses for itself. What was lost on the way
   * (no answer, 5xx), or is refused for now (401, 403, 429), goes on from where it was.
   */
  #forgetVersion({ status, message }: ApiError): boolean {
    const passes = status === 0 || status === 401 || status === 403 || status === 429 || status >= 500
    if (passes && !/too large resource version/i.test(message)) return false
    this.#version = undefined
    if (status === 404) {
      // After an upgrade the kind may be served in another version of its group.
      this.#served = undefined
      this.#discovery = new Discovery(this.#options.client)
    }
    return true
  }

  /** A list where there was none, then one watch. Undefined if that ended in its time. */
  async #once(): Promise<undefined> {
    const { client, signal, random, kind, idleMs, namespace } = this.#options
    this.#served ??= await this.#discovery.served(kind)
    this.#absent = this.#served === undefined
    if (!this.#served) {
      this.#discovery = new Discovery(client)
      await sleep(absentWait, undefined, { signal }).catch(() => undefined)
      return
    }
    const served = this.#served
    const path = `${served.prefix}/${namespace === undefined ? '' : `namespaces/${namespace}/`}${served.resource}`
    this.#version ??= await this.#list(served, path)
    const options = {
      ...{ resourceVersion: this.#version, signal, random },
      accepted: () => {
        this.#connected = true
        this.#options.connected?.()
      },
      ...(idleMs !== undefined && { idleMs }),
      ...this.#selected(),
    }
    for await (const { type, object } of watch(client, path, options)) {
      if (type !== 'BOOKMARK') this.#take(served, object, type === 'DELETED')
      this.#version = object.metadata?.resourceVersion ?? this.#version
      this.#last = this.#options.ticks()
    }
    this.#last = this.#options.ticks()
  }

  #selected(): { readonly labelSelector?: string; readonly fieldSelector?: string } {
    const { labelSelector, fieldSelector } = this.#options
    return {
      ...(labelSelector !== undefined && { labelSelector }),
      ...(fieldSelector !== undefined && { fieldSelector }),
    }
  }

  /** The pages of a list are of one moment; what was held and is not among them is gone. @returns that moment's version. */
  async #list(served: Served, path: string): Promise<string> {
    const { client, ticks } = this.#options
    const selected = this.#selected()
    const seen = new Set<string>()
    let next: string | undefined
    let version = ''
    do {
      const query = { limit: String(pageSize), ...selected, ...(next && { continue: next }) }
      const page = (await client.ask({ method: 'GET', path, query })) as Page
      for (const listed of page.items ?? []) seen.add(this.#take(served, listed, false))
      version = page.metadata?.resourceVersion ?? ''
      next = page.metadata?.continue || undefined
    } while (next !== undefined)
    for (const item of this.#held.items()) if (!seen.has(heldKey(item.subject))) this.#gone(item)
    this.#listed = true
    this.#last = ticks()
    return version
  }

  /** @returns the key of the object. */
  #take(served: Served, listed: Listed, isGone: boolean): string {
    const { client, keep, happened } = this.#options
    const { subject, object } = itemOf(client.name, this.kind.kind, served, listed)
    const version = listed.metadata?.resourceVersion
    const key = heldKey(subject)
    const before = this.#held.get(subject)
    const isSame = before?.subject.uid === subject.uid
    if (before && isSame && before.version === version && !isGone) return key
    const kept = isGone ? undefined : keep ? keep(object) : object
    if (before && !(isSame && kept !== undefined)) this.#gone(before)
    if (kept === undefined) return key
    const what = before && isSame ? 'changed' : 'added'
    this.#held.put({ subject, object: kept, version })
    happened({ what, item: { subject, object: kept }, object, first: !this.#listed })
    return key
  }

  #gone(item: Item<unknown>): void {
    this.#held.remove(item.subject)
    this.#options.happened({ what: 'gone', item, object: undefined, first: false })
  }
}

interface Page {
  readonly items?: readonly Listed[] | null
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string }
}
