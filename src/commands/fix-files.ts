// Edits files: in memory first, by the executor and its rails, and on the disk where that is said.
import { found } from '../contract/verdicts.ts'
import { execute } from '../engine/executor.ts'
import type { Judged, Look, LookOptions } from '../engine/look.ts'
import { defaultPolicy } from '../engine/policy.ts'
import { type Settled, type Settling, settle } from '../engine/settle.ts'
import type { FileEdits } from '../manifests/edit-files.ts'
import type { FixDifference, FixLeft, FixStep } from '../report/fix-schema.ts'
import { unifiedDiff } from '../report/unified-diff.ts'
import { askedFor, situationByHand } from './by-hand.ts'
import { type Chosen, editOfFile } from './fix-chosen.ts'
import { leftRows, stepRow } from './fix-steps.ts'
import type { Io } from './io.ts'

export interface Fixed {
  /** What was seen before. */
  readonly first: Look
  readonly steps: readonly FixStep[]
  readonly left: readonly FixLeft[]
}

/** Makes the edits of one world in memory: see `FileEdits`. */
export async function fixWorld(looking: LookOptions, chosen: Chosen, files: FileEdits, io: Io): Promise<Fixed> {
  const settled = await settle(looking, (finding, judged, round) => {
    if (round === 0) chosen.know(judged, finding)
    const step = chosen.has(judged, finding) ? editOfFile(finding) : undefined
    if (step) chosen.touch(judged)
    return step
  })
  const audits = await execute(settled.edits.map(asJudged), {
    arms: [files.arm],
    ceiling: 'act',
    situation: async ({ subject, hazard }, step) =>
      situationByHand(
        { subject, object: factsOf(settled, step.do === 'edit' ? step.target : subject) },
        policyOf(hazard.id),
        [],
        io,
      ),
    // The text is what was read, and is compared with the file once more before it is written.
    again: async (judged) => [judged],
    tried: () => new Set(),
    record: async () => undefined,
  })
  const steps = settled.edits.map((one, place) =>
    stepRow(looking.world.name, chosen, { ...one, audit: audits[place] ?? nothing }),
  )
  const held = new Set(steps.filter(({ outcome }) => outcome !== 'done').map(({ finding }) => finding))
  // What was held back was made in memory all the same: what is left is what is found without it.
  const { left } =
    held.size === 0
      ? settled
      : await settle(looking, (finding, judged) => {
          const isDone = chosen.has(judged, finding) && !held.has(chosen.idOf(judged, finding))
          return isDone ? editOfFile(finding) : undefined
        })
  return { first: settled.first, steps, left: leftRows(looking.world.name, chosen, left, held) }
}

const nothing = { outcome: 'failed', because: 'the executor did not take it' } as const

const asJudged = ({ judged, finding, step }: Settling): Judged => ({
  ...judged,
  verdict: found({ ...finding, remedy: [step] }),
})

/** Of a file: no namespace of a cluster is touched by it, and nothing starts or ends. Opt-outs hold. */
const policyOf = (hazard: string) => ({
  ...askedFor(defaultPolicy, [hazard]),
  ...{ protectedNamespaces: [], perClusterPerHour: Number.POSITIVE_INFINITY },
})

type Metadata = { readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> | null } | null }

function factsOf({ objects }: Settled, subject: Judged['subject']) {
  const before = objects.get(subject)?.before as Metadata | undefined
  return { namespace: subject.namespace ?? '', name: subject.name, annotations: before?.metadata?.annotations ?? {} }
}

/** The files as they would be, or are by now; what can't be written takes no other file away. */
export async function differencesOf(files: FileEdits, write: boolean): Promise<FixDifference[]> {
  const all: FixDifference[] = []
  for (const { file, before, after } of await files.edited()) {
    const shown = { what: file, diff: unifiedDiff(file, before, after) }
    if (!write) all.push({ ...shown, written: false })
    else {
      const because = await files
        .write(file)
        .catch((error: unknown) => (error instanceof Error ? error.message : String(error)))
      all.push({ ...shown, written: because === undefined, ...(because !== undefined && { because }) })
    }
  }
  return all
}
