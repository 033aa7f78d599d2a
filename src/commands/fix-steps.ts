// From what the executor says to rows of the report.
import type { Finding, Step, Subject } from '../contract/hazard.ts'
import { stepText } from '../engine/act.ts'
import type { Audit } from '../engine/executor.ts'
import type { Judged } from '../engine/look.ts'
import type { FixLeft, FixStep } from '../report/fix-schema.ts'
import type { Chosen } from './fix-chosen.ts'

/** What was thought of, and what became of it. */
export interface Tried {
  readonly judged: Judged
  readonly finding: Finding
  readonly step: Step
  readonly audit: Pick<Audit, 'outcome' | 'rail' | 'because'>
}

const subjectOf = (world: string, { kind, namespace, name }: Subject): FixStep['target'] => ({
  ...{ world, kind, name },
  ...(namespace !== undefined && { namespace }),
})

export function stepRow(world: string, chosen: Chosen, { judged, finding, step, audit }: Tried): FixStep {
  const target = 'target' in step ? step.target : judged.subject
  const { source } = target
  return {
    finding: chosen.idOf(judged, finding),
    hazard: judged.hazard.id,
    reason: finding.reason,
    fact: finding.fact,
    target: subjectOf(world, target),
    ...('file' in source && { file: source.file }),
    ...keeperOf(judged),
    text: stepText(step),
    why: step.why,
    changes:
      'changes' in step
        ? step.changes.map(({ path, before, after }) => ({ path: [...path], ...jsonOf({ before, after }) }))
        : [],
    outcome: audit.outcome,
    ...(audit.rail !== undefined && { rail: audit.rail }),
    ...(audit.because !== undefined && { because: audit.because }),
  }
}

function keeperOf({ origin: { chart, fixAt } }: Judged): Pick<FixStep, 'keptBy'> {
  const keptBy = chart === undefined ? fixAt : `chart ${chart}`
  return keptBy === undefined ? {} : { keptBy }
}

type Ends = Pick<FixStep['changes'][number], 'before' | 'after'>

const jsonOf = (ends: { readonly before: unknown; readonly after: unknown }): Ends =>
  Object.fromEntries(Object.entries(ends).filter(([, value]) => value !== undefined)) as Ends

/** What is found all the same, with what its steps say to a person. @param held ids of those that a step was held back of: told there. */
export function leftRows(
  world: string,
  chosen: Chosen,
  judged: readonly Judged[],
  held: ReadonlySet<string>,
): FixLeft[] {
  return chosen.of(judged).flatMap(({ hazard, subject, verdict, ...rest }) =>
    verdict.verdict !== 'found'
      ? []
      : verdict.findings.flatMap((finding) => {
          const id = chosen.idOf({ hazard, subject, verdict, ...rest }, finding)
          if (held.has(id)) return []
          const { reason, fact, remedy } = finding
          const advice = remedy.map((step) =>
            step.do === 'advise' && step.command ? `${step.why}: ${step.command}` : step.why,
          )
          return [{ finding: id, hazard: hazard.id, reason, fact, subject: subjectOf(world, subject), advice }]
        }),
  )
}
