// How a detector says what it reads. The types of its view follow from it.
import type { ApiKind, Detector, Hazard, Item, Kind, Probe, Read, Reads, Unread } from './hazard.ts'

type Shape<K> = K extends Kind<infer T> ? T : never
type Some = Kind<unknown> | readonly Kind<unknown>[]
type ShapeOf<K> = K extends readonly (infer E)[] ? Shape<E> : Shape<K>

const kindsOf = (some: Some): readonly Kind<unknown>[] => ('kind' in some ? [some] : some)

/** Names a kind whose objects have the shape T. */
export const kind = <T>(name: string, api?: ApiKind): Kind<T> => ({ kind: name, ...(api && { api }) })

/** All objects of the kinds; of each only what `keep` returns (undefined: drop it). */
export function list<const K extends Some>(kinds: K): Read<readonly Item<ShapeOf<K>>[]>
export function list<const K extends Some, U>(
  kinds: K,
  keep: (object: ShapeOf<K>) => U | undefined,
): Read<readonly Item<U>[]>
export function list(kinds: Some, keep?: (object: never) => unknown): Read<never> {
  return { kinds: kindsOf(kinds), ...(keep && { keep }) }
}

/** Kept objects by key, in one pass over the pages; an object without a key is dropped. */
export function index<const K extends Some, U>(
  kinds: K,
  key: (object: ShapeOf<K>) => string | undefined,
  keep: (object: ShapeOf<K>) => U | undefined,
): Read<ReadonlyMap<string, readonly Item<U>[]>> {
  return { kinds: kindsOf(kinds), key, keep }
}

/** The only object of a kind; `unknown` unasked if there is none. */
export const one = <T>(of: Kind<T>): Read<T> => ({ kinds: [of], one: true })

/** The same read, but the view says `Unread` instead of every verdict being `unknown`. */
export const maybe = <V>(read: Read<V>): Read<V | Unread> => ({ ...(read as Read<V | Unread>), optional: true })

/** Whether something in a view could not be read. */
export const isUnread = (value: unknown): value is Unread =>
  typeof value === 'object' && value !== null && 'unread' in value

export const detector = <T, W extends Reads, S, M>(d: Detector<T, W, S, M>): Detector<T, W, S, M> => d
export const probe = <T, S>(p: Probe<T, S>): Probe<T, S> => p
export const hazard = <S>(h: Hazard<S>): Hazard<S> => h
