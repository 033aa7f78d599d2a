import type { Finding, Item, Kind, Step, Subject } from '../contract/hazard.ts'
import type { Batch, World } from '../contract/world.ts'
import { applyChanges } from '../objects/changes.ts'
import { type Judged, type Look, type LookOptions, look } from './look.ts'
import { subjectKey, subjectText } from './subjects.ts'

/** Hazards whose edits undo each other would go round for ever. */
const mostRounds = 20

/** An edit that was made in memory, and what it is the cure of. */
export interface Settling {
  readonly judged: Judged
  readonly finding: Finding
  readonly step: Edit
}

export interface Settled {
  /** In the order in which they were made. */
  readonly edits: readonly Settling[]
  /** The objects that were edited, as they were and as they are after all edits. */
  readonly objects: ReadonlyMap<Subject, { readonly before: unknown; readonly after: unknown }>
  /** What was seen before any edit. */
  readonly first: Look
  /** What is still found when nothing more can be edited. */
  readonly left: readonly Judged[]
  readonly rounds: number
}

export const smallestEdit = ({ remedy }: Finding): Step | undefined => remedy.find((step) => step.do === 'edit')

type Edit = Extract<Step, { do: 'edit' }>

/**
 * Applies edits in memory until looking again finds nothing more to edit. Edits compose by looking again, not by
 * merging: the second hazard judges what the first one's edit left.
 * @param choose which step of a finding to take; by default the smallest edit. `round` counts from 0.
 * @throws Error if the edits do not come to rest within 20 rounds, naming the last one.
 */
export async function settle(
  options: LookOptions,
  choose: (finding: Finding, judged: Judged, round: number) => Step | undefined = smallestEdit,
): Promise<Settled> {
  const held = new HeldWorld(options.world)
  const edits: Settling[] = []
  let first: Look | undefined
  for (let round = 0; round < mostRounds; round++) {
    const seen = await look({ ...options, world: held })
    first ??= seen
    const made = wantedOf(seen.judged, (finding, judged) => choose(finding, judged, round)).filter(({ step }) =>
      held.edit(step),
    )
    edits.push(...made)
    if (made.length === 0) {
      const left = seen.judged.filter(({ verdict }) => verdict.verdict === 'found')
      return { edits, objects: held.changed, first, left, rounds: round }
    }
  }
  const last = edits.at(-1)?.step
  throw new Error(
    `the edits did not come to rest in ${mostRounds} rounds; the last one was of ${last ? `${subjectText(last.target)} (${last.why})` : 'nothing'}`,
  )
}

const wantedOf = (
  judged: readonly Judged[],
  choose: (finding: Finding, judged: Judged) => Step | undefined,
): Settling[] =>
  judged.flatMap((one) =>
    (one.verdict.verdict === 'found' ? one.verdict.findings : []).flatMap((finding) => {
      const step = choose(finding, one)
      return step?.do === 'edit' ? [{ judged: one, finding, step }] : []
    }),
  )

/** A world read once and held in memory, so that edits can be tried on it. */
class HeldWorld implements World {
  readonly name: string
  readonly version?: NonNullable<World['version']>
  readonly changed = new Map<Subject, { readonly before: unknown; readonly after: unknown }>()
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
    if (!('items' in batch) || this.changed.size === 0) return batch
    return { of: batch.of, items: batch.items.map((item) => ({ ...item, object: this.#object(item) })) }
  }

  #object({ subject, object }: Item<unknown>): unknown {
    const changed = this.changed.get(subject)
    return changed ? changed.after : object
  }

  /** Applies an edit; false if there is no such object or a field is no longer as the step takes it to be. */
  edit(step: Edit): boolean {
    const item = this.#byKey.get(subjectKey(step.target))
    if (!item) return false
    const applied = applyChanges(this.#object(item), step.changes)
    if ('held' in applied) return false
    this.changed.set(item.subject, { before: item.object, after: applied.object })
    return true
  }
}
