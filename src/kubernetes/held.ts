import type { Item, Subject } from '../contract/hazard.ts'

export interface HeldItem extends Item<unknown> {
  readonly version: string | undefined
}

/** The last state of each object of one kind, by namespace. */
export class Held {
  readonly #spaces = new Map<string, Map<string, HeldItem>>()
  #size = 0

  get size(): number {
    return this.#size
  }

  get({ namespace = '', name }: Pick<Subject, 'namespace' | 'name'>): HeldItem | undefined {
    return this.#spaces.get(namespace)?.get(name)
  }

  put(item: HeldItem): void {
    const { namespace = '', name } = item.subject
    const space = this.#spaces.get(namespace) ?? new Map<string, HeldItem>()
    this.#spaces.set(namespace, space)
    if (!space.has(name)) this.#size++
    space.set(name, item)
  }

  remove({ namespace = '', name }: Subject): void {
    const space = this.#spaces.get(namespace)
    if (!space?.delete(name)) return
    this.#size--
    if (space.size === 0) this.#spaces.delete(namespace)
  }

  /** All, or those of one namespace. */
  items(namespace?: string): readonly HeldItem[] {
    if (namespace !== undefined) return [...(this.#spaces.get(namespace)?.values() ?? [])]
    return [...this.#spaces.values()].flatMap((space) => [...space.values()])
  }
}

/** Names an object of its kind, whichever its uid is. */
export const heldKey = ({ namespace = '', name }: Subject): string => `${namespace}/${name}`
