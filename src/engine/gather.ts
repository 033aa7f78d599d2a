import type { Item, Kind, Read, Subject, Unread } from '../contract/hazard.ts'
import type { Batch, Broken, World } from '../contract/world.ts'
import { type IgnoreMark, ignoreMarkOf } from '../objects/ignore-marks.ts'
import { lastingNameOf } from '../objects/lasting-name.ts'
import { type Origin, originOf } from '../objects/origin.ts'
import { type Lost, Store } from './store.ts'
import { sourceText, subjectText } from './subjects.ts'

/** Why a kind has nothing to show, and whether that is a failure (`unread`), a fact (`absent`) or says nothing. */
export interface Missing {
  readonly kind: string
  readonly because: string
  readonly how: 'unread' | 'absent' | 'elsewhere'
}

/** What is noted of a subject before `keep` shrinks its object. */
export interface Note {
  readonly origin: Origin
  readonly hasStatus: boolean
  readonly ignore?: IgnoreMark
  /** Of an object that is made anew all the time: what of its name lasts. */
  readonly lastingName?: string
}

/**
 * Reads a world once for all reads. Memory holds one page plus what each read keeps.
 * @param of the reads whose items become subjects. Of these, those that `chosen` refuses are dropped.
 * @param others what subjects are judged among.
 */
export async function gather(
  world: World,
  of: readonly Read<unknown>[],
  others: readonly Read<unknown>[],
  chosen: (object: unknown) => boolean = () => true,
): Promise<Gathered> {
  const gathered = new Gathered(of, others, chosen)
  for await (const batch of world.read(gathered.kinds)) gathered.take(batch)
  return gathered
}

/** What a world gave to a set of reads. */
export class Gathered {
  readonly broken: Broken[] = []
  /** How many objects came, of all kinds. */
  objects = 0
  readonly notes = new Map<Subject, Note>()
  readonly #stores = new Map<Kind<unknown>, Store[]>()
  readonly #byRead = new Map<Read<unknown>, Store[]>()
  readonly #missing = new Map<Kind<unknown>, Missing>()
  readonly #of: ReadonlySet<Read<unknown>>
  readonly #chosen: (object: unknown) => boolean

  constructor(of: readonly Read<unknown>[], others: readonly Read<unknown>[], chosen: (object: unknown) => boolean) {
    this.#of = new Set(of)
    this.#chosen = chosen
    for (const read of new Set([...of, ...others])) {
      const own = read.kinds.map((kind) => [kind, new Store(read)] as const)
      this.#byRead.set(
        read,
        own.map(([, store]) => store),
      )
      for (const [kind, store] of own) this.#stores.set(kind, [...(this.#stores.get(kind) ?? []), store])
    }
  }

  get kinds(): readonly Kind<unknown>[] {
    return [...this.#stores.keys()]
  }

  get missing(): readonly Missing[] {
    return [...this.#missing.values()]
  }

  take(batch: Batch): void {
    if ('broken' in batch) this.broken.push(batch.broken)
    else if ('items' in batch) {
      this.objects += batch.items.length
      for (const item of batch.items) this.#add(batch.of, item)
    } else if ('restart' in batch) for (const store of this.#stores.get(batch.of) ?? []) store.forget()
    else this.#missing.set(batch.of, { kind: batch.of.kind, ...why(batch) })
  }

  #add(kind: Kind<unknown>, item: Item<unknown>): void {
    let chosen: boolean | undefined
    for (const store of this.#stores.get(kind) ?? []) {
      const isOf = this.#of.has(store.read)
      if (isOf) chosen ??= this.#chosen(item.object)
      if (isOf && !chosen) continue
      // Of what is dropped nothing stays: thousands of Pods may be read to find the one that is stuck.
      if (store.add(item) && isOf) this.notes.set(item.subject, noteOf(item.object))
    }
  }

  /** For a detector's `of`: its items, those lost, and the kinds that gave none. */
  subjects(read: Read<unknown>): {
    readonly items: readonly Item<unknown>[]
    readonly lost: readonly Lost[]
    readonly missing: readonly Missing[]
  } {
    const own = this.#byRead.get(read) ?? []
    return {
      items: own.flatMap((store) => store.items),
      lost: own.flatMap((store) => store.lost),
      missing: read.kinds.flatMap((kind) => this.#missing.get(kind) ?? []),
    }
  }

  /**
   * What `judge` gets for a read. A kind that the cluster does not have is an empty list; one that failed, or that the
   * files given do not hold, is unread: there may be some. So is a single object that is not there. Of a read of several
   * kinds the files may well hold only some.
   */
  value(read: Read<unknown>): { readonly value: unknown } | Unread {
    const { items, missing } = this.subjects(read)
    const nothing = missing.length === read.kinds.length
    const failed =
      missing.find(({ how }) => how === 'unread') ??
      (nothing ? missing.find(({ how }) => how === 'elsewhere') : undefined)
    if (failed) return { unread: failed.because, ...(failed.how === 'elsewhere' && { elsewhere: true }) }
    if (read.one) {
      const only = items[0]
      return only
        ? { value: only.object }
        : { unread: `there is no ${read.kinds.map(({ kind }) => kind).join(' or ')}` }
    }
    if (!read.key) return { value: items }
    const map = new Map<string, Item<unknown>[]>()
    for (const store of this.#byRead.get(read) ?? []) store.indexInto(map)
    return { value: map }
  }

  /** Objects that were no use as context: named once, for all who would have read them. */
  get lostContext(): readonly Broken[] {
    const places = new Map<string, string>()
    for (const [read, stores] of this.#byRead) {
      if (this.#of.has(read)) continue
      for (const { subject, because } of stores.flatMap((store) => store.lost)) {
        places.set(`${subjectText(subject)} in ${sourceText(subject)}`, `it can't be used: ${because}`)
      }
    }
    return [...places].map(([place, because]) => ({ place, because }))
  }
}

function noteOf(object: unknown): Note {
  const ignore = ignoreMarkOf(object)
  const lastingName = lastingNameOf(object)
  return {
    origin: originOf(object),
    hasStatus: hasStatus(object),
    ...(ignore && { ignore }),
    ...(lastingName !== undefined && { lastingName }),
  }
}

function why(batch: { unread: string } | { absent: string } | { elsewhere: string }): Omit<Missing, 'kind'> {
  if ('unread' in batch) return { how: 'unread', because: batch.unread }
  if ('absent' in batch) return { how: 'absent', because: batch.absent }
  return { how: 'elsewhere', because: batch.elsewhere }
}

function hasStatus(object: unknown): boolean {
  const status = (object as { status?: unknown } | null)?.status
  return typeof status === 'object' && status !== null && Object.keys(status).length > 0
}
