import type { Finding, Step } from '../contract/hazard.ts'
import { type Budget, budgetOf, budgets } from '../engine/budgets.ts'
import type { Judged } from '../engine/look.ts'

/**
 * A controller corrects the status of an object, starts a run that is owed, or deletes what has finished, by a step that a policy can
 * name, and nothing else: specs are their owners', who may keep them in Git, and to end what runs is for people.
 */
const isHarmless = (step: Step): boolean =>
  step.name !== undefined &&
  (step.do === 'delete' ? step.finished === true : step.do !== 'advise' && budgetOf(step) !== 'act')

/** How many steps are thought of at most, by the budget that they are counted in. */
export type Room = Readonly<Record<Budget, number>>

const boundless: Room = {
  act: Number.POSITIVE_INFINITY,
  status: Number.POSITIVE_INFINITY,
  run: Number.POSITIVE_INFINITY,
}

export interface Narrowed {
  /** The others wait, so that a round does not take for ever. */
  readonly room?: Room
  /** Which one is the first, counted round and round: one that is always held back must not keep back the others. */
  readonly from?: number
  /** Whether a policy has anything against the step being thought of: else the next one of its finding is. */
  readonly isAllowed?: (judged: Judged, step: Step) => boolean
}

/** What was judged with only such steps as remedies, and only those of so many findings. */
export function onlyHarmless(
  judged: readonly Judged[],
  { room = boundless, from = 0, isAllowed = () => true }: Narrowed = {},
): readonly Judged[] {
  const narrowed = judged.map((one) => withSteps(one, (step) => isHarmless(step) && isAllowed(one, step)))
  const chosen = new Set(
    budgets.flatMap((budget) =>
      roundAndRound(
        narrowed.filter((one) => firstBudget(one) === budget),
        room[budget],
        from,
      ),
    ),
  )
  return narrowed.map((one) => (chosen.has(one) ? one : withSteps(one, () => false)))
}

function roundAndRound(some: readonly Judged[], most: number, from: number): readonly Judged[] {
  const start = some.length > 0 ? (from * Math.max(1, Math.min(most, some.length))) % some.length : 0
  return [...some.slice(start), ...some.slice(0, start)].slice(0, most)
}

/** That of the first step that would be taken. */
function firstBudget({ verdict }: Judged): Budget | undefined {
  const findings = verdict.verdict === 'found' ? verdict.findings : []
  const [step] = findings.flatMap(({ remedy }) => remedy)
  return step && budgetOf(step)
}

function withSteps(judged: Judged, isKept: (step: Step) => boolean): Judged {
  if (judged.verdict.verdict !== 'found') return judged
  const [first, ...rest] = judged.verdict.findings
  // What could happen is no reason to act yet.
  const narrowed = (finding: Finding): Finding => ({
    ...finding,
    remedy: finding.state === 'occurring' ? finding.remedy.filter(isKept) : [],
  })
  return { ...judged, verdict: { ...judged.verdict, findings: [narrowed(first), ...rest.map(narrowed)] } }
}
