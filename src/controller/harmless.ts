import type { Finding, Step } from '../contract/hazard.ts'
import type { Judged } from '../engine/look.ts'

/**
 * A controller corrects the status of an object, or deletes what has finished, by a step that a policy can name, and nothing else:
 * specs are their owners', who may keep them in Git, and to end what runs is for people.
 */
const isHarmless = (step: Step): boolean =>
  step.name !== undefined &&
  (step.do === 'edit'
    ? step.changes.every(({ path }) => path[0] === 'status')
    : step.do === 'delete' && step.finished === true)

/**
 * What was judged with only such steps as remedies, and those of so many findings at most.
 * @param most how many; the others wait, so that a round does not take for ever.
 * @param from which one is the first, counted round and round: one that is always held back must not keep back the others.
 */
export function onlyHarmless(judged: readonly Judged[], most = Number.POSITIVE_INFINITY, from = 0): readonly Judged[] {
  const curable = judged.filter((one) => findingsOf(one).some(isCurable))
  const start = curable.length > 0 ? (from * Math.max(1, Math.min(most, curable.length))) % curable.length : 0
  const chosen = new Set([...curable.slice(start), ...curable.slice(0, start)].slice(0, most))
  return judged.map((one) => withSteps(one, chosen.has(one)))
}

/** What could happen is no reason to act yet. */
const isCurable = ({ state, remedy }: Finding): boolean => state === 'occurring' && remedy.some(isHarmless)

const findingsOf = ({ verdict }: Judged): readonly Finding[] => (verdict.verdict === 'found' ? verdict.findings : [])

function withSteps(judged: Judged, isChosen: boolean): Judged {
  if (judged.verdict.verdict !== 'found') return judged
  const [first, ...rest] = judged.verdict.findings
  const narrowed = (finding: Finding): Finding => ({
    ...finding,
    remedy: isChosen && isCurable(finding) ? finding.remedy.filter(isHarmless) : [],
  })
  return { ...judged, verdict: { ...judged.verdict, findings: [narrowed(first), ...rest.map(narrowed)] } }
}
