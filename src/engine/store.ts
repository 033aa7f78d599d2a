import type { Item, Read, Subject } from '../contract/hazard.ts'

/** An object whose `keep` or `key` threw: lost to that read, not to the others. */
export interface Lost {
  readonly subject: Subject
  readonly because: string
}

/** What one read keeps of one kind: a store of its own, so that a restarted list can be forgotten alone. */
export class Store {
  readonly read: Read<unknown>
  items: Item<unknown>[] = []
  lost: Lost[] = []
  readonly #keys: string[] = []

  constructor(read: Read<unknown>) {
    this.read = read
  }

  /** False if it was dropped. */
  add({ subject, object }: Item<unknown>): boolean {
    try {
      const { key, keep } = this.read
      const at = key ? key(object as never) : ''
      const kept = keep ? keep(object as never) : object
      if (at === undefined || kept === undefined) return false
      this.items.push({ subject, object: kept })
      if (key) this.#keys.push(at)
    } catch (error) {
      this.lost.push({ subject, because: error instanceof Error ? error.message : String(error) })
    }
    return true
  }

  forget(): void {
    this.items = []
    this.lost = []
    this.#keys.length = 0
  }

  /** Adds what was kept to an index. */
  indexInto(map: Map<string, Item<unknown>[]>): void {
    this.items.forEach((item, place) => {
      const key = this.#keys[place] ?? ''
      const group = map.get(key)
      if (group) group.push(item)
      else map.set(key, [item])
    })
  }
}
