import type { Creation, Finding, Step } from '../contract/hazard.ts'
import type { Arm } from '../contract/world.ts'
import { isJsonMap } from '../objects/json.ts'
import { type LookOptions, look } from './look.ts'
import { subjectText } from './subjects.ts'

/** What came of one step. */
export interface Acted {
  readonly step: Step
  readonly outcome: 'done' | { readonly held: string }
}

/**
 * Looks right before acting and applies the fresh step that `choose` takes of each finding, through the arm for it.
 * Steps without an arm are held, never skipped in silence.
 */
export async function act(
  options: LookOptions,
  choose: (finding: Finding) => Step | undefined,
  arms: readonly Arm[],
): Promise<readonly Acted[]> {
  const { judged } = await look(options)
  const acted: Acted[] = []
  for (const { verdict } of judged) {
    if (verdict.verdict !== 'found') continue
    for (const step of verdict.findings.flatMap((finding) => choose(finding) ?? [])) {
      const arm = arms.find(({ does }) => does === step.do)
      acted.push({ step, outcome: arm ? await arm.apply(step) : { held: `nothing here can ${stepText(step)}` } })
    }
  }
  return acted
}

/** A step in one line, for people: `edit CronJob shop/report: spec.startingDeadlineSeconds: 100`. */
export function stepText(step: Step): string {
  if (step.do === 'advise') return step.command ?? step.why
  if (step.do === 'replace-rule') return ruleText(step)
  if (step.do === 'create') return `create ${createdText(step)} for ${subjectText(step.target)}`
  const target = `${step.do} ${subjectText(step.target)}`
  if (step.do !== 'edit') return target
  const changes = step.changes.map(({ path, after }) =>
    after === undefined ? `remove ${path.join('.')}` : `${path.join('.')}: ${JSON.stringify(after)}`,
  )
  return `${target}: ${changes.join(', ')}`
}

function createdText({ object }: Creation): string {
  const { kind, metadata } = isJsonMap(object) ? object : {}
  return `${kind} ${isJsonMap(metadata) ? metadata.name : ''}`
}

function ruleText({ rule, before, after }: Extract<Step, { do: 'replace-rule' }>): string {
  const { backEnd, family, table, chain, position } = rule
  return `replace rule ${position} of chain ${chain} (${backEnd}, ${family} table ${table}): ${before} becomes ${after}`
}

/** The step in reverse, where there is one: its arm takes it only while what was done is still as it was left. */
export function undoOf(step: Step): Step | undefined {
  if (step.do !== 'replace-rule' && step.do !== 'sysctl') return undefined
  return { ...step, before: step.after, after: step.before, why: `undoes: ${step.why}` }
}
