import type { Change, Finding, Hazard, Item, Kind, Step, Subject } from '../contract/hazard.ts'
import type { Batch, World } from '../contract/world.ts'
import { applyChanges } from '../objects/changes.ts'
import { type Judged, type LookOptions, look } from './look.ts'
import { subjectKey, subjectText } from './subjects.ts'

/** Hazards whose edits undo each other would go round for ever. */
const mostRounds = 20

export interface Settled {
  /** Every change, in the order in which it was made, by subject. */
  readonly edits: readonly { readonly target: Subject; readonly changes: readonly Change[]; readonly why: string }[]
  /** The objects as they are after the edits, those that were edited. */
  readonly objects: ReadonlyMap<Subject, unknown>
  /** What is still found when nothing more can be edited. */
  readonly left: readonly Judged[]
  readonly rounds: number
}

export const smallestEdit = ({ remedy }: Finding): Step | undefined => remedy.find((step) => step.do === 'edit')

type Edit = Extract<Step, { do: 'edit' }>

/**
 * Applies edits in memory until looking again finds nothing more to edit. Edits compose by looking again, not by
 * merging: the second hazard judges what the first one's edit left.
 * @param choose which step of a finding to take; by default the smallest edit.
 * @throws Error if the edits do not come to rest within 20 rounds, naming the last one.
 */
export async function settle(
  options: LookOptions,
  choose: (finding: Finding, hazard: Hazard) => Step | undefined = smallestEdit,
): Promise<Settled> {
  const held = new HeldWorld(options.world)
  const edits: { target: Subject; changes: readonly Change[]; why: string }[] = []
  for (let rounds = 0; rounds < mostRounds; rounds++) {
    const { judged } = await look({ ...options, world: held })
    const wanted = judged
      .flatMap(({ hazard, verdict }) =>
        (verdict.verdict === 'found' ? verdict.findings : []).map((finding) => choose(finding, hazard)),
      )
      .flatMap((step) => step ?? [])
    const made = wanted.filter((step): step is Edit => step.do === 'edit').filter((step) => held.edit(step))
    edits.push(...made.map(({ target, changes, why }) => ({ target, changes, why })))
    if (made.length === 0) {
      return { edits, objects: held.edited, left: judged.filter(({ verdict }) => verdict.verdict === 'found'), rounds }
    }
  }
  const last = edits.at(-1)
  throw new Error(
    `the edits did not come to rest in ${mostRounds} rounds; the last one was of ${last ? `${subjectText(last.target)} (${last.why})` : 'nothing'}`,
  )
}

/** A world read once and held in memory, so that edits can be tried on it. */
class HeldWorld implements World {
  readonly name: string
  readonly version?: NonNullable<World['version']>
  readonly edited = new Map<Subject, unknown>()
  readonly #source: World
  readonly #kept = new Map<Kind<unknown>, Batch[]>()
  readonly #byKey = new Map<string, Item<unknown>>()

  constructor(world: World) {
    this.name = world.name
    if (world.version) this.version = world.version
    this.#source = world
  }

  async *read(kinds: readonly Kind<unknown>[]): AsyncIterable<Batch> {
    const fresh = kinds.filter((kind) => !this.#kept.has(kind))
    for (const kind of fresh) this.#kept.set(kind, [])
    if (fresh.length > 0) {
      for await (const batch of this.#source.read(fresh)) {
        if ('broken' in batch) yield batch
        else if ('restart' in batch) this.#kept.set(batch.of, [])
        else this.#keep(batch)
      }
    }
    for (const kind of kinds) for (const batch of this.#kept.get(kind) ?? []) yield this.#asEdited(batch)
  }

  #keep(batch: Exclude<Batch, { broken: unknown }>): void {
    this.#kept.get(batch.of)?.push(batch)
    if ('items' in batch) for (const item of batch.items) this.#byKey.set(subjectKey(item.subject), item)
  }

  #asEdited(batch: Batch): Batch {
    if (!('items' in batch) || this.edited.size === 0) return batch
    return { of: batch.of, items: batch.items.map((item) => ({ ...item, object: this.#object(item) })) }
  }

  #object({ subject, object }: Item<unknown>): unknown {
    return this.edited.has(subject) ? this.edited.get(subject) : object
  }

  /** Applies an edit; false if there is no such object or a field is no longer as the step takes it to be. */
  edit(step: Edit): boolean {
    const item = this.#byKey.get(subjectKey(step.target))
    if (!item) return false
    const applied = applyChanges(this.#object(item), step.changes)
    if ('held' in applied) return false
    this.edited.set(item.subject, applied.object)
    return true
  }
}
